import { oneRow, type Sql } from '@stoa/postgres';
import { movedTables } from '../installation/sharded-tables.js';

/** An amount of data. */
export interface DataSize {
  readonly rows: number;
  readonly bytes: number;
}

/** The sizes of a shard's buckets. */
export interface BucketSizes {
  /** By bucket; buckets without rows are left out. */
  readonly buckets: ReadonlyMap<number, DataSize>;
  /** True when rows were counted in a sample of a large table. */
  readonly estimated: boolean;
}

/** The most bytes that are read of a table; a larger table is estimated from a sample of this size. */
const SAMPLE_BYTES = 64 * 1024 * 1024;

/** Bytes of a row's pointer in its page. */
const POINTER_BYTES = 4;
/** Bytes of a row's entry in one index. */
const ENTRY_BYTES = 40;

/**
 * Measures the rows of all moved tables by bucket, with their indexes. Free space is left out: after a purge the tables
 * are as large as before, and a rebalance would never find shards even.
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
      const size = buckets.get(bucket) ?? { rows: 0, bytes: 0 };
      const overhead = Number(rows) * (POINTER_BYTES + ENTRY_BYTES * indexes);
      size.rows += Math.round(Number(rows) / share);
      size.bytes += Math.round((Number(bytes) + overhead) / share);
      buckets.set(bucket, size);
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

/** Adds sizes up. */
export function sumOf(sizes: Iterable<DataSize>): DataSize {
  let rows = 0;
  let bytes = 0;
  for (const size of sizes) {
    rows += size.rows;
    bytes += size.bytes;
  }
  return { rows, bytes };
}
