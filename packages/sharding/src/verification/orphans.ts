import type { Session, Sql } from '@stoa/postgres';
import { expectAgreement } from '../incarnation/confirm.js';
import { compareShard } from '../incarnation/compare.js';
import { readReport } from '../incarnation/report.js';
import { expectShard } from '../installation/install.js';
import { loadMap } from '../map/load-map.js';
import { movedTables } from '../installation/sharded-tables.js';
import { knownShards, onDirectory, onShard, shardsNamed, type KnownShard } from '../directory/known-shards.js';

/** Orphaned rows of a table: their buckets are on another shard and in no move. */
export interface Orphans {
  readonly table: string;
  readonly buckets: readonly number[];
  readonly rows: number;
}

/** Options of purgeOrphans. */
export interface PurgeRequest {
  /** One shard; all by default. */
  readonly shard?: string;
  readonly keyspaces?: readonly string[];
  /** Only counts orphans. */
  readonly dryRun?: boolean;
  /** The most rows to delete on each shard; all by default. */
  readonly mostRows?: number;
  readonly onProgress?: (keyspace: string, shard: string, rows: number) => void;
}

/** The orphans of a shard, and how many of them were deleted. */
export interface OrphanPurge {
  readonly keyspace: string;
  readonly shard: string;
  /** The orphans found, by table. */
  readonly orphans: readonly Orphans[];
  /** The number of deleted rows. */
  readonly purged: number;
}

const BATCH_ROWS = 5_000;

/**
 * Counts the orphans of a shard, by one index probe per bucket.
 * @param others buckets that are on another shard and in no move.
 */
export function findOrphans(session: Session, others: readonly number[]): Promise<Orphans[]> {
  return session.transaction(async (tx) => {
    // A scan would read the whole table to find that a bucket has no rows in it.
    await tx.query('SET LOCAL enable_seqscan = off');
    const buckets = await releasedOf(tx, others);
    const found: Orphans[] = [];
    for (const table of await movedTables(tx)) {
      const { rows } = await tx.query<{ bucket: number; rows: number }>(
        `SELECT b.bucket, n.rows FROM unnest($1::smallint[]) AS b(bucket)
         CROSS JOIN LATERAL (SELECT FROM ${table} AS t WHERE t.bucket = b.bucket LIMIT 1) AS any_row
         CROSS JOIN LATERAL (SELECT count(*)::int AS rows FROM ${table} AS t WHERE t.bucket = b.bucket) AS n ORDER BY 1`,
        [buckets],
      );
      if (rows.length === 0) continue;
      const sum = rows.reduce((total, row) => total + row.rows, 0);
      found.push({ table, buckets: rows.map(({ bucket }) => bucket), rows: sum });
    }
    return found;
  });
}

/** Selects the buckets that the shard itself has released or never had. */
async function releasedOf(tx: Sql, buckets: readonly number[]): Promise<number[]> {
  const { rows } = await tx.query<{ bucket: number }>(
    `SELECT b.bucket FROM unnest($1::smallint[]) AS b(bucket) LEFT JOIN sharding.bucket_owner AS o USING (bucket)
     WHERE coalesce(o.state, 'gone') = 'gone' AND sharding.same_server()`,
    [buckets],
  );
  return rows.map(({ bucket }) => bucket);
}

/** Lists a keyspace's buckets that are on other shards and that no move has reserved, not even a planned one. */
export async function bucketsElsewhere(directory: Sql, keyspace: string, shard: string): Promise<number[]> {
  const { rows } = await directory.query<{ bucket: number }>(
    'SELECT bucket FROM sharding.bucket_map WHERE keyspace = $1 AND shard <> $2 AND move_id IS NULL',
    [keyspace, shard],
  );
  return rows.map(({ bucket }) => bucket);
}

/**
 * Deletes a shard's rows of buckets that are on other shards. It leaves out buckets in a move, whose rows are on both
 * sides until the move is over. Moved buckets can still be moved back.
 * @throws OperationRefused when a server must be reconciled first: it may not know what it owns.
 */
export function purgeOrphans(directoryUrl: string, request: PurgeRequest = {}): Promise<OrphanPurge[]> {
  return onDirectory(directoryUrl, async (directory) => {
    const known = await knownShards(directory, request.keyspaces);
    const meant = request.shard === undefined ? known : shardsNamed(known, request.shard);
    const purges: OrphanPurge[] = [];
    for (const shard of meant) {
      purges.push(await onShard(shard, (session) => purgeShard(directory, session, shard, request)));
    }
    return purges;
  });
}

async function purgeShard(
  directory: Session,
  session: Session,
  known: KnownShard,
  { dryRun = false, mostRows = Number.POSITIVE_INFINITY, onProgress }: PurgeRequest,
): Promise<OrphanPurge> {
  const { keyspace, shard } = known;
  await expectShard(session, keyspace, shard);
  const map = await loadMap(directory, keyspace);
  expectAgreement(keyspace, shard, compareShard(map, shard, await readReport(session, keyspace, shard)));
  const orphans = await findOrphans(session, await bucketsElsewhere(directory, keyspace, shard));
  let purged = 0;
  for (const { table, buckets } of dryRun ? [] : orphans) {
    for (let deleted = 1; deleted > 0 && purged < mostRows; purged += deleted) {
      const limit = Math.min(BATCH_ROWS, mostRows - purged);
      deleted = await purgeBatch(directory, session, known, table, buckets, limit);
      onProgress?.(keyspace, shard, purged + deleted);
    }
  }
  return { keyspace, shard, orphans, purged };
}

/**
 * Deletes a batch of rows. The map's rows are locked meanwhile, so that no move can reserve these buckets. It runs as
 * `replica`, where the fence and foreign keys don't fire.
 */
function purgeBatch(
  directory: Session,
  session: Session,
  { keyspace, shard }: KnownShard,
  table: string,
  buckets: readonly number[],
  limit: number,
): Promise<number> {
  return directory.transaction(async (map) => {
    const { rows } = await map.query<{ bucket: number }>(
      `SELECT bucket FROM sharding.bucket_map
       WHERE keyspace = $1 AND shard <> $2 AND move_id IS NULL AND bucket = ANY ($3) ORDER BY bucket FOR SHARE`,
      [keyspace, shard, buckets],
    );
    const others = rows.map(({ bucket }) => bucket);
    return session.transaction(async (tx) => {
      await tx.query('SET LOCAL session_replication_role = replica');
      const released = await releasedOf(tx, others);
      const { rowCount } = await tx.query(
        `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE bucket = ANY ($1) LIMIT $2))`,
        [released, limit],
      );
      return rowCount ?? 0;
    });
  });
}
