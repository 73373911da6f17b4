import { oneRow, type Session } from '@stoa/postgres';
import { BUCKETS } from '../map/bucket.js';
import { compareShard, disagreements } from '../incarnation/compare.js';
import { notReconciled } from '../incarnation/confirm.js';
import { readReport } from '../incarnation/report.js';
import { loadMap } from '../map/load-map.js';
import type { ShardMap } from '../map/shard-map.js';
import { currentMoves, type CurrentMove } from '../moves/current-moves.js';
import { bucketsElsewhere, findOrphans, type Orphans } from '../verification/orphans.js';
import { knownShards, onDirectory, onShard, addressOf, reasonOf, type KnownShard } from '../directory/known-shards.js';
import { sumOf, measureBuckets } from './measure-buckets.js';

/** A replication slot on a shard. */
export interface ReplicationSlot {
  readonly name: string;
  readonly active: boolean;
  /** Bytes of log that the server keeps for it. */
  readonly keptBytes: number;
}

/** The status of one shard. */
export interface ShardStatus {
  readonly keyspace: string;
  readonly shard: string;
  /** The address, `host:port/database`. */
  readonly at: string;
  readonly draining: boolean;
  /** The number of its buckets by the map. */
  readonly buckets: number;
  /** Null where the server is unavailable. */
  readonly health: ShardHealth | null;
  /** The reason why it is unavailable or serves nothing. */
  readonly problem: string | null;
}

/** Measurements of one shard. */
export interface ShardHealth {
  readonly serverVersion: string;
  /** Rows of the buckets that it serves. */
  readonly rows: number;
  /** Bytes of those rows with their indexes, without free space. */
  readonly bytes: number;
  /** True when rows and bytes were estimated from a sample of a large table. */
  readonly estimated: boolean;
  /** Rows of buckets that are on other shards and in no move: purgeOrphans deletes them. */
  readonly orphans: readonly Orphans[];
  /** The number of buckets that refuse writes, because a move is about to switch them. */
  readonly fenced: number;
  /** Connections to this database, of `maxConnections` to the whole server. */
  readonly connections: number;
  readonly maxConnections: number;
  readonly slots: readonly ReplicationSlot[];
}

/** The status of one keyspace. */
export interface KeyspaceStatus {
  readonly keyspace: string;
  readonly mapVersion: number;
  /** The number of buckets that no shard holds. */
  readonly unplaced: number;
}

/** The status of keyspaces, shards and moves. */
export interface ClusterStatus {
  readonly keyspaces: readonly KeyspaceStatus[];
  readonly shards: readonly ShardStatus[];
  /** The moves that are not over. */
  readonly moves: readonly CurrentMove[];
}

/** A sample that is large enough to compare shards, and read within a moment on any shard. */
const SAMPLE_BYTES = 8 * 1024 * 1024;

/** Reads the status of all shards and moves. An unavailable server is reported as such, and does not delay the rest. */
export function clusterStatus(directoryUrl: string, keyspaces?: readonly string[]): Promise<ClusterStatus> {
  return onDirectory(directoryUrl, async (directory) => {
    const known = await knownShards(directory, keyspaces);
    const { rows } = await directory.query<KeyspaceStatus>(
      `SELECT keyspace, version::int AS "mapVersion", $2 - count(bucket)::int AS unplaced
       FROM sharding.keyspaces LEFT JOIN sharding.bucket_map USING (keyspace)
       WHERE $1::text[] IS NULL OR keyspace = ANY ($1) GROUP BY keyspace ORDER BY keyspace`,
      [keyspaces ?? null, BUCKETS],
    );
    const moves = await currentMoves(directory);
    const maps = new Map<string, ShardMap>();
    for (const { keyspace } of rows) maps.set(keyspace, await loadMap(directory, keyspace));
    const elsewhere = new Map<KnownShard, number[]>();
    for (const each of known) elsewhere.set(each, await bucketsElsewhere(directory, each.keyspace, each.shard));
    const shards = await Promise.all(
      known.map((shard) => statusOf(shard, maps.get(shard.keyspace), elsewhere.get(shard) ?? [])),
    );
    return {
      keyspaces: rows,
      shards,
      moves: moves.filter(({ keyspace }) => keyspaces?.includes(keyspace) ?? true),
    };
  });
}

async function statusOf(
  known: KnownShard,
  map: ShardMap | undefined,
  elsewhere: readonly number[],
): Promise<ShardStatus> {
  const { keyspace, shard, adminUrl, draining, buckets } = known;
  const about = { keyspace, shard, at: addressOf(adminUrl), draining, buckets };
  try {
    return await onShard(known, async (session) => {
      const report = await readReport(session, keyspace, shard);
      const reasons = map ? disagreements(compareShard(map, shard, report)) : [];
      const problem = reasons.length === 0 ? null : notReconciled(keyspace, shard, reasons);
      return { ...about, health: await healthOf(session, elsewhere), problem };
    });
  } catch (error) {
    return { ...about, health: null, problem: reasonOf(error) };
  }
}

async function healthOf(session: Session, elsewhere: readonly number[]): Promise<ShardHealth> {
  const { slots, ...server } = await oneRow<Omit<ShardHealth, 'rows' | 'bytes' | 'estimated' | 'fenced' | 'orphans'>>(
    session,
    `SELECT current_setting('server_version') AS "serverVersion",
       (SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database()) AS connections,
       current_setting('max_connections')::int AS "maxConnections",
       (SELECT coalesce(json_agg(json_build_object('name', slot_name, 'active', active, 'keptBytes',
          coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)) ORDER BY slot_name), '[]')
        FROM pg_replication_slots WHERE database = current_database()) AS slots`,
  );
  const { rows: owned } = await session.query<{ bucket: number; state: string }>(
    `SELECT bucket, state FROM sharding.bucket_owner WHERE state IN ('owned', 'fenced')`,
  );
  const { buckets, estimated } = await measureBuckets(session, SAMPLE_BYTES);
  const served = sumOf(owned.flatMap(({ bucket }) => buckets.get(bucket) ?? []));
  const fenced = owned.filter(({ state }) => state === 'fenced').length;
  const orphans = await findOrphans(session, elsewhere);
  return { ...server, slots, ...served, estimated, fenced, orphans };
}
