import { BUCKETS } from '../bucket.js';
import { withSession } from '../postgres/session.js';
import { oneRow, type Sql } from '../postgres/sql.js';
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

/** Puts the map together from what the shards say of themselves. @throws SessionLost when one of them can't be asked. */
export async function rebuildMap(keyspace: string, shards: ReadonlyMap<string, string>): Promise<ShardMap> {
  const asked = [...shards].map(async ([shard, url]): Promise<Claim[]> =>
    withSession({ url, server: `${keyspace}/${shard}`, application: 'sharding-map' }, async (session) => {
      const { rows } = await session.query<{ bucket: number; state: string; epoch: string }>(
        'SELECT bucket, state, epoch FROM sharding.bucket_owner WHERE sharding.same_server()',
      );
      return rows.map(({ bucket, state, epoch }) => ({ bucket, state, shard, epoch: Number(epoch) }));
    }),
  );
  const claims = (await Promise.all(asked)).flat();
  return { keyspace, version: 0, shards, placements: placementsFrom(claims) };
}
