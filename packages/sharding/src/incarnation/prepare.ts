import { isShardInstalled, updateFence, type ShardInstallation } from '../install.js';
import { withSession } from '../postgres/session.js';
import { confirmShard } from './confirm.js';

const APPLICATION = 'sharding-install';

/**
 * Gets a shard ready for migrations of the release that this is of: brings its fence up to date, and compares it with the
 * directory. On a server that serves nothing, a migration that writes rows would fail.
 * @throws OperationRefused when they disagree.
 */
export async function prepareShard(directoryUrl: string, shard: ShardInstallation): Promise<void> {
  if (!(await isShardInstalled(shard)) && !(await updateFence(shard))) return;
  const { keyspace, shard: name, url } = shard;
  const options = { url: directoryUrl, server: 'the directory', application: APPLICATION };
  await withSession(options, async (directory) => {
    const known = 'SELECT FROM sharding.shards WHERE keyspace = $1 AND shard = $2';
    if ((await directory.query(known, [keyspace, name])).rowCount === 0) return;
    await withSession({ url, server: `${keyspace}/${name}`, application: APPLICATION }, (session) =>
      confirmShard(directory, session, keyspace, name),
    );
  });
}
