import { withSession, oneRow, type Sql } from '@stoa/postgres';
import { withServerTimeout } from '@stoa/timing';
import { BUCKETS } from './bucket.js';
import { placementsFrom, type Claim, type Incarnation, type Placement, type ShardMap } from './shard-map.js';

interface MapRow {
  readonly version: string | null;
  readonly shards: Record<string, string> | null;
  readonly placements: [bucket: number, shard: string, epoch: number][] | null;
  readonly incarnations: Record<string, Incarnation> | null;
}

/** Reads the map in one statement, from one snapshot. @throws Error when the directory has no such keyspace. */
export async function loadMap(directory: Sql, keyspace: string): Promise<ShardMap> {
  const { version, shards, placements, incarnations } = await oneRow<MapRow>(
    directory,
    `SELECT (SELECT version FROM sharding.keyspaces WHERE keyspace = $1) AS version,
       (SELECT json_object_agg(shard, url) FROM sharding.shards WHERE keyspace = $1) AS shards,
       (SELECT json_agg(json_build_array(bucket, shard, epoch)) FROM sharding.bucket_map WHERE keyspace = $1) AS placements,
       (SELECT json_object_agg(shard, json_build_object('server', server, 'timeline', timeline, 'switches', switches))
        FROM sharding.incarnations WHERE keyspace = $1) AS incarnations`,
    [keyspace],
  );
  if (version === null) throw new Error(`The directory knows no keyspace ${keyspace}`);
  const placed = new Array<Placement | undefined>(BUCKETS).fill(undefined);
  for (const [bucket, shard, epoch] of placements ?? []) placed[bucket] = { shard, epoch };
  const mapOf = <T>(object: Record<string, T> | null): Map<string, T> => new Map(Object.entries(object ?? {}));
  return {
    keyspace,
    version: Number(version),
    shards: mapOf(shards),
    placements: placed,
    incarnations: mapOf(incarnations),
  };
}

/** Milliseconds for a shard's reply where the last map can be used instead. */
const ASK_MS = 500;

/**
 * Rebuilds the map from the shards' own records. Shards that do not respond keep the buckets that they have in `last`:
 * an unavailable shard must not keep moved buckets of the others from being found.
 * @throws SessionLost when no shard responds, or, without `last`, when one does not.
 */
export async function rebuildMap(
  keyspace: string,
  shards: ReadonlyMap<string, string>,
  last?: ShardMap,
): Promise<ShardMap> {
  const names = [...shards.keys()];
  const asked = [...shards].map(([shard, url]) => withServerTimeout(last && ASK_MS, claimsOf(keyspace, shard, url)));
  const replies = await Promise.allSettled(asked);
  const missing = replies.filter((reply) => reply.status === 'rejected');
  if (missing[0] && (!last || missing.length === replies.length)) throw missing[0].reason;
  const claims = replies.flatMap((reply, n) =>
    reply.status === 'fulfilled' ? reply.value : heldBy(names[n] ?? '', last),
  );
  return { keyspace, version: 0, shards, placements: placementsFrom(claims) };
}

async function claimsOf(keyspace: string, shard: string, url: string): Promise<Claim[]> {
  const options = { url, server: `${keyspace}/${shard}`, application: 'sharding-map' };
  const { rows } = await withSession(options, (session) =>
    session.query<{ bucket: number; state: string; epoch: string }>(
      'SELECT bucket, state, epoch FROM sharding.bucket_owner WHERE sharding.same_server()',
    ),
  );
  return rows.map(({ bucket, state, epoch }) => ({ bucket, state, shard, epoch: Number(epoch) }));
}

/** The buckets that a shard has in a map, in the form in which the shard itself reports them. */
const heldBy = (shard: string, map: ShardMap | undefined): Claim[] =>
  (map?.placements ?? []).flatMap((placement, bucket) =>
    placement?.shard === shard ? [{ bucket, state: 'owned', ...placement }] : [],
  );
