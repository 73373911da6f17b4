import type { Sql } from '@stoa/postgres';

/** A variant's numbers, locked until the transaction ends. */
export interface LockedStock {
  readonly stock: number;
  readonly reserved: number;
}

// In the order of the SKUs: whoever locks several does it in the same order.
const LOCK = 'SELECT sku, stock, reserved FROM variants WHERE sku = ANY($1) ORDER BY sku COLLATE "C" FOR UPDATE';

/** Locks variants. Behind products and holds, never before them. */
export async function lockVariants(tx: Sql, skus: readonly string[]): Promise<Map<string, LockedStock>> {
  if (skus.length === 0) return new Map();
  const { rows } = await tx.query<LockedStock & { sku: string }>(LOCK, [skus]);
  return new Map(rows.map(({ sku, stock, reserved }) => [sku, { stock, reserved }]));
}
