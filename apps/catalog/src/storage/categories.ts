import type { Sql } from '@stoa/postgres';
import { categoryHandle } from '../domain/derived.js';
import type { Content } from '../domain/product.js';

const handleOf = (content: Content | null): string | null =>
  content?.active ? categoryHandle(content.category) : null;

/**
 * Keeps the number of active products per category. Call it last: others that change products of these categories wait
 * for this transaction from here on. Its rows are locked in one order, so that two such transactions can't wait for
 * each other.
 */
export async function countCategories(
  tx: Sql,
  changes: readonly (readonly [before: Content | null, after: Content | null])[],
): Promise<void> {
  const deltas = new Map<string, { name: string; delta: number }>();
  const add = (content: Content | null, delta: number): void => {
    const handle = handleOf(content);
    if (handle === null || !content) return;
    deltas.set(handle, { name: content.category, delta: (deltas.get(handle)?.delta ?? 0) + delta });
  };
  for (const [before, after] of changes) {
    add(before, -1);
    add(after, 1);
  }
  const rows = [...deltas].filter(([, { delta }]) => delta !== 0);
  if (rows.length === 0) return;
  await tx.query(
    `INSERT INTO categories AS old (handle, name, products)
     SELECT c.handle, c.name, c.delta FROM unnest($1::text[], $2::text[], $3::int[]) AS c(handle, name, delta) ORDER BY c.handle
     ON CONFLICT (handle) DO UPDATE SET products = old.products + excluded.products,
       name = CASE WHEN old.products = 0 THEN excluded.name ELSE old.name END`,
    [rows.map(([handle]) => handle), rows.map(([, { name }]) => name), rows.map(([, { delta }]) => delta)],
  );
}
