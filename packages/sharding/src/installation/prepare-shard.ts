import { withSession, type Sql } from '@stoa/postgres';
import { isShardInstalled, updateFence, type ShardInstallation } from './install.js';
import { OperationRefused } from '../errors.js';
import { confirmShard } from '../incarnation/confirm.js';

const APPLICATION = 'sharding-install';

/**
 * Gets a shard ready for migrations of the release that this is of: brings its fence up to date, and compares it with the
 * directory. On a server that serves nothing, a migration that writes rows would fail.
 * @throws OperationRefused when they disagree: it serves nothing then.
 */
export async function prepareShard(directoryUrl: string, shard: ShardInstallation): Promise<void> {
  if (!(await isShardInstalled(shard)) && !(await updateFence(shard))) return;
  const { keyspace, shard: name, url } = shard;
  const options = { url: directoryUrl, server: 'the directory', application: APPLICATION };
  await withSession(options, async (directory) => {
    const known = 'SELECT FROM sharding.shards WHERE keyspace = $1 AND shard = $2';
    if ((await directory.query(known, [keyspace, name])).rowCount === 0) return;
    await withSession({ url, server: `${keyspace}/${name}`, application: APPLICATION }, async (session) => {
      try {
        await confirmShard(directory, session, keyspace, name);
      } catch (error) {
        if (error instanceof OperationRefused) await stopServing(session);
        throw error;
      }
    });
  });
}

/** A fence that was brought up to date goes on serving before anybody compared it: for a copy that was not noticed, that ends here. */
const stopServing = (session: Sql): Promise<unknown> =>
  session.query('UPDATE sharding.identity SET confirmed_start = NULL, confirmed_file = NULL');
