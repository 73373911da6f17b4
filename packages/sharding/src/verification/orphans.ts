import type { Session, Sql } from '@stoa/postgres';
import { expectAgreement } from '../incarnation/confirm.js';
import { compareShard } from '../incarnation/compare.js';
import { readReport } from '../incarnation/report.js';
import { expectShard } from '../installation/install.js';
import { loadMap } from '../map/load-map.js';
import { movedTables } from '../installation/sharded-tables.js';
import { knownShards, onDirectory, onShard, shardsNamed, type KnownShard } from '../directory/known-shards.js';

/** Rows of a table that belong to nobody here: their buckets are elsewhere, and no move has to do with them. */
export interface Orphans {
  readonly table: string;
  readonly buckets: readonly number[];
  readonly rows: number;
}

export interface PurgeRequest {
  /** All if not given. */
  readonly shard?: string;
  readonly keyspaces?: readonly string[];
  /** Only count them. */
  readonly dryRun?: boolean;
  /** At most so many rows on each shard; all if not given. */
  readonly mostRows?: number;
  readonly onProgress?: (keyspace: string, shard: string, rows: number) => void;
}

export interface OrphanPurge {
  readonly keyspace: string;
  readonly shard: string;
  /** What there was, by table. */
  readonly orphans: readonly Orphans[];
  /** Rows that were deleted. */
  readonly purged: number;
}

const BATCH_ROWS = 5_000;

/**
 * Counts the orphans of a shard: a probe of an index for each bucket that the shard has nothing to do with.
 * @param others buckets that are placed elsewhere, and that no move has.
 */
export function findOrphans(session: Session, others: readonly number[]): Promise<Orphans[]> {
  return session.transaction(async (tx) => {
    // A scan would read the whole table to find that a bucket has no rows in it.
    await tx.query('SET LOCAL enable_seqscan = off');
    const buckets = await leftBuckets(tx, others);
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

/** Of some buckets those that the shard itself has let go of, or never had. */
async function leftBuckets(tx: Sql, buckets: readonly number[]): Promise<number[]> {
  const { rows } = await tx.query<{ bucket: number }>(
    `SELECT b.bucket FROM unnest($1::smallint[]) AS b(bucket) LEFT JOIN sharding.bucket_owner AS o USING (bucket)
     WHERE coalesce(o.state, 'gone') = 'gone' AND sharding.same_server()`,
    [buckets],
  );
  return rows.map(({ bucket }) => bucket);
}

/** The buckets that a keyspace has elsewhere than on a shard, and that no move has reserved: not even one that waits. */
export async function bucketsElsewhere(directory: Sql, keyspace: string, shard: string): Promise<number[]> {
  const { rows } = await directory.query<{ bucket: number }>(
    'SELECT bucket FROM sharding.bucket_map WHERE keyspace = $1 AND shard <> $2 AND move_id IS NULL',
    [keyspace, shard],
  );
  return rows.map(({ bucket }) => bucket);
}

/**
 * Deletes rows that a shard holds of buckets that are elsewhere. It takes nothing of a bucket in a move, whose rows are on
 * both sides until it is over; what was moved can be moved back all the same, since it is where it was moved to.
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
 * The map's rows are locked for as long: no move can reserve one of these buckets. It runs as `replica`, where the fence and
 * foreign keys don't fire.
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
      const left = await leftBuckets(tx, others);
      const { rowCount } = await tx.query(
        `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE bucket = ANY ($1) LIMIT $2))`,
        [left, limit],
      );
      return rowCount ?? 0;
    });
  });
}
