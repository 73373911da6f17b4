import type { Sql } from '@stoa/postgres';
import type { MoveContext } from './context.js';
import { RowsDiffer } from './errors.js';
import { movedTables } from '../installation/sharded-tables.js';

interface Sum {
  readonly bucket: number;
  readonly rows: string;
  readonly hash: string;
}

/**
 * Compares every row of both sides by checksums: the frozen source, and the destination before its activation.
 * @returns the number of rows.
 * @throws RowsDiffer
 */
export async function compareRows({ sessions, move, hooks }: MoveContext, snapshot: Sql): Promise<number> {
  let rows = 0;
  for (const table of await movedTables(sessions.source)) {
    const columns = await columnsOf(sessions.source, table);
    const [source, destination] = await Promise.all([
      sums(sessions.source, table, columns, move.buckets),
      sums(snapshot, table, columns, move.buckets),
    ]);
    const buckets = differing(source, destination);
    if (buckets.length > 0) {
      throw new RowsDiffer(
        `${table} differs between ${move.source} and ${move.destination} in bucket ${buckets.join()}`,
      );
    }
    rows += source.reduce((total, sum) => total + Number(sum.rows), 0);
    hooks.onProgress?.({ move: move.id, step: 'compare rows', rows });
  }
  return rows;
}

/** Lists columns by name, because migrations may have added them in different orders. */
async function columnsOf(sql: Sql, table: string): Promise<string> {
  const { rows } = await sql.query<{ name: string }>(
    `SELECT quote_ident(attname) AS name FROM pg_attribute
     WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attname`,
    [table],
  );
  return rows.map(({ name }) => name).join();
}

/** Computes a checksum per bucket. A sum of hashes does not depend on the order of rows, so nothing is sorted. */
async function sums(sql: Sql, table: string, columns: string, buckets: readonly number[]): Promise<Sum[]> {
  const { rows } = await sql.query<Sum>(
    `SELECT bucket, count(*) AS rows, sum(hashtextextended(ROW(${columns})::text, 0)::numeric)::text AS hash
     FROM ${table} WHERE bucket = ANY ($1) GROUP BY bucket`,
    [buckets],
  );
  return rows;
}

/** Lists the buckets whose sums differ, or that only one side has. */
export function differing(source: readonly Sum[], destination: readonly Sum[]): number[] {
  const key = ({ bucket, rows, hash }: Sum): string => `${bucket} ${rows} ${hash}`;
  const [left, right] = [new Set(source.map(key)), new Set(destination.map(key))];
  const wrong = [...source.filter((sum) => !right.has(key(sum))), ...destination.filter((sum) => !left.has(key(sum)))];
  return [...new Set(wrong.map(({ bucket }) => bucket))].toSorted((a, b) => a - b);
}
