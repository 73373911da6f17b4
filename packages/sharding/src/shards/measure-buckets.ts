import { oneRow, type Sql } from '@stoa/postgres';
import { movedTables } from '../installation/sharded-tables.js';

/** How much there is of something. */
export interface DataSize {
  readonly rows: number;
  readonly bytes: number;
}

export interface BucketSizes {
  /** Of each bucket that has rows here. */
  readonly buckets: ReadonlyMap<number, DataSize>;
  /** Rows were counted in a part of a large table only. */
  readonly estimated: boolean;
}

/** What is read of a table to know how its rows spread: with more, the rest is inferred from as much. */
const SAMPLE_BYTES = 64 * 1024 * 1024;

/** What a row takes beside its columns: its place in a page, and an entry in each index. */
const PLACE_BYTES = 4;
const ENTRY_BYTES = 40;

/**
 * Weighs the rows of all moved tables by bucket, with their indexes. Free space is left out: where many rows were purged
 * lately the tables are as large as before, and a rebalance would never find shards even.
 */
export async function measureBuckets(sql: Sql, sampleBytes = SAMPLE_BYTES): Promise<BucketSizes> {
  const buckets = new Map<number, { rows: number; bytes: number }>();
  let estimated = false;
  for (const table of await movedTables(sql)) {
    const { heap, indexes } = await oneRow<{ heap: string; indexes: number }>(
      sql,
      `SELECT pg_relation_size($1::regclass) AS heap,
         (SELECT count(*)::int FROM pg_index WHERE indrelid = $1::regclass) AS indexes`,
      [table],
    );
    const share = Math.min(1, sampleBytes / Math.max(1, Number(heap)));
    if (share < 1) estimated = true;
    for (const { bucket, rows, bytes } of await countBuckets(sql, table, share)) {
      const weight = buckets.get(bucket) ?? { rows: 0, bytes: 0 };
      const beside = Number(rows) * (PLACE_BYTES + ENTRY_BYTES * indexes);
      weight.rows += Math.round(Number(rows) / share);
      weight.bytes += Math.round((Number(bytes) + beside) / share);
      buckets.set(bucket, weight);
    }
  }
  return { buckets, estimated };
}

interface Counted {
  readonly bucket: number;
  readonly rows: string;
  readonly bytes: string;
}

async function countBuckets(sql: Sql, table: string, share: number): Promise<Counted[]> {
  const sample = share < 1 ? `TABLESAMPLE SYSTEM (${(share * 100).toFixed(6)})` : '';
  const { rows } = await sql.query<Counted>(
    `SELECT bucket, count(*) AS rows, sum(pg_column_size(t.*)) AS bytes FROM ${table} AS t ${sample} GROUP BY bucket`,
  );
  return rows;
}

/** The weight of several things together. */
export function sumOf(weights: Iterable<DataSize>): DataSize {
  let rows = 0;
  let bytes = 0;
  for (const weight of weights) {
    rows += weight.rows;
    bytes += weight.bytes;
  }
  return { rows, bytes };
}
