import { withTimeout, withSession, oneRow, type Sql } from '@stoa/postgres';
import { BUCKETS } from './bucket.js';
import { placementsFrom, type Claim, type Incarnation, type Placement, type ShardMap } from './shard-map.js';

interface MapRow {
  readonly version: string | null;
  readonly shards: Record<string, string> | null;
  readonly placements: [bucket: number, shard: string, epoch: number][] | null;
  readonly incarnations: Record<string, Incarnation> | null;
}

/** Reads the map in one statement, so from one snapshot. @throws Error when the directory knows no such keyspace. */
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
    ...{ keyspace, version: Number(version), shards: mapOf(shards) },
    ...{ placements: placed, incarnations: mapOf(incarnations) },
  };
}

/** Milliseconds for a shard's answer where the last map can serve instead. */
const ASK_MS = 500;

/**
 * Puts the map together from what the shards say of themselves. Shards that give no answer keep what they hold in `last`: one
 * that is unavailable must not keep the others' moved buckets from being found.
 * @throws SessionLost when none of them can be asked, or without `last` one of them can't
 */
export async function rebuildMap(
  keyspace: string,
  shards: ReadonlyMap<string, string>,
  last?: ShardMap,
): Promise<ShardMap> {
  const names = [...shards.keys()];
  const asked = [...shards].map(([shard, url]) => withTimeout(last && ASK_MS, claimsOf(keyspace, shard, url)));
  const answers = await Promise.allSettled(asked);
  const missing = answers.filter((answer) => answer.status === 'rejected');
  if (missing[0] && (!last || missing.length === answers.length)) throw missing[0].reason;
  const claims = answers.flatMap((answer, n) =>
    answer.status === 'fulfilled' ? answer.value : heldBy(names[n] ?? '', last),
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

/** What a shard held by a map, as if it said so itself. */
const heldBy = (shard: string, map: ShardMap | undefined): Claim[] =>
  (map?.placements ?? []).flatMap((placement, bucket) =>
    placement?.shard === shard ? [{ bucket, state: 'owned', ...placement }] : [],
  );
