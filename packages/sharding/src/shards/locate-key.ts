import { oneRow } from '@stoa/postgres';
import { bucketOf } from '../map/bucket.js';
import { OperationRefused } from '../errors.js';
import { knownShards, onDirectory, onShard, reasonOf, type KnownShard } from '../directory/known-shards.js';

/** The location of a key's data in one keyspace. */
export interface KeyLocation {
  readonly keyspace: string;
  readonly bucket: number;
  readonly shard: string;
  readonly epoch: number;
  /** The bucket's state by the shard: owned, fenced, ready, gone; 'unknown' where it is unavailable. */
  readonly state: string;
  /** The move that has the bucket. */
  readonly move: string | null;
  readonly problem: string | null;
}

/** The table by which a keyspace finds a key by a name; its rows are in the name's bucket. */
export interface NameLookup {
  readonly keyspace: string;
  readonly table: string;
  readonly nameColumn: string;
  readonly keyColumn: string;
}

/** Finds the data of a sharding key in each keyspace. */
export function locateKey(directoryUrl: string, key: string, keyspaces?: readonly string[]): Promise<KeyLocation[]> {
  const bucket = bucketOf(key);
  return onDirectory(directoryUrl, async (directory) => {
    const shards = await knownShards(directory, keyspaces);
    const { rows } = await directory.query<{ keyspace: string; shard: string; epoch: string; move: string | null }>(
      `SELECT keyspace, shard, epoch, move_id AS move FROM sharding.bucket_map
       WHERE bucket = $1 AND ($2::text[] IS NULL OR keyspace = ANY ($2)) ORDER BY keyspace`,
      [bucket, keyspaces ?? null],
    );
    return Promise.all(
      rows.map(async ({ keyspace, shard, epoch, move }) => {
        const known = shards.find((each) => each.keyspace === keyspace && each.shard === shard);
        return { keyspace, bucket, shard, epoch: Number(epoch), move, ...(await stateOf(known, bucket)) };
      }),
    );
  });
}

/** Finds the key of a name; undefined when there is none. @throws OperationRefused where no shard holds its bucket. */
export function findKeyByName(directoryUrl: string, lookup: NameLookup, name: string): Promise<string | undefined> {
  const bucket = bucketOf(name);
  return onDirectory(directoryUrl, async (directory) => {
    const shards = await knownShards(directory, [lookup.keyspace]);
    const { rows } = await directory.query<{ shard: string }>(
      'SELECT shard FROM sharding.bucket_map WHERE keyspace = $1 AND bucket = $2',
      [lookup.keyspace, bucket],
    );
    const known = shards.find(({ shard }) => shard === rows[0]?.shard);
    if (!known) throw new OperationRefused(`No shard of ${lookup.keyspace} holds bucket ${bucket}`);
    return onShard(known, async (session) => {
      const { rows: found } = await session.query<{ key: string }>(
        `SELECT ${lookup.keyColumn}::text AS key FROM ${lookup.table} WHERE bucket = $1 AND ${lookup.nameColumn} = $2`,
        [bucket, name],
      );
      return found[0]?.key;
    });
  });
}

async function stateOf(
  shard: KnownShard | undefined,
  bucket: number,
): Promise<{ state: string; problem: string | null }> {
  if (!shard) return { state: 'unknown', problem: 'the directory does not know this shard' };
  try {
    const state = await onShard(shard, (session) =>
      oneRow<{ state: string | null }>(
        session,
        'SELECT (SELECT state FROM sharding.bucket_owner WHERE bucket = $1) AS state',
        [bucket],
      ),
    );
    return { state: state.state ?? 'gone', problem: null };
  } catch (error) {
    return { state: 'unknown', problem: reasonOf(error) };
  }
}
