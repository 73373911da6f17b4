import { withSession, type Sql } from '@stoa/postgres';
import { isShardInstalled, updateFence, type ShardInstallation } from './install.js';
import { OperationRefused } from '../errors.js';
import { confirmShard } from '../incarnation/confirm.js';

const APPLICATION = 'sharding-install';

/**
 * Prepares a shard for this release's migrations: updates its fence, and compares it with the directory. On a server
 * that serves nothing, a migration that writes rows would fail.
 * @throws OperationRefused when they disagree; the shard then serves nothing.
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

/** Ends the serving of an unnoticed copy: an updated fence goes on serving before it is compared. */
const stopServing = (session: Sql): Promise<unknown> =>
  session.query('UPDATE sharding.identity SET confirmed_start = NULL, confirmed_file = NULL');
