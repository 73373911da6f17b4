import type { Sql } from '@stoa/postgres';

/** A variant that is locked, with its product. */
export interface LockedVariant {
  readonly productId: string;
  readonly handle: string;
  readonly stock: number;
  readonly reserved: number;
  readonly oversell: boolean;
  readonly lowStockAt: number | null;
}

const LOCK = `SELECT id, handle FROM products WHERE id = (SELECT product_id FROM variants WHERE sku = $1) FOR UPDATE`;
const READ = `SELECT stock, reserved, oversell, low_stock_at AS "lowStockAt" FROM variants
  WHERE sku = $1 AND product_id = $2 FOR UPDATE`;

/** A variant's numbers; its product and itself are locked, its other variants are left alone. */
export async function lockVariant(tx: Sql, sku: string): Promise<LockedVariant | undefined> {
  const [product] = (await tx.query<{ id: string; handle: string }>(LOCK, [sku])).rows;
  if (!product) return undefined;
  // Behind the lock: the variant may have changed, or gone to another product, while this waited for it.
  const [row] = (await tx.query<Omit<LockedVariant, 'productId' | 'handle'>>(READ, [sku, product.id])).rows;
  return row && { productId: product.id, handle: product.handle, ...row };
}

// Stock is no part of what `content_hash` was computed of any more.
const SAVE = `WITH changed AS (UPDATE variants SET stock = $3 WHERE sku = $2 RETURNING sku)
  UPDATE products SET version = version + 1, updated_at = $4, content_hash = NULL,
    available = EXISTS (SELECT FROM variants WHERE product_id = $1 AND
      CASE WHEN sku = $2 THEN $3 > reserved OR oversell ELSE stock > reserved OR oversell END)
  FROM changed WHERE id = $1 RETURNING products.version`;

/** Saves a locked variant's stock. @returns the product's new version */
export async function saveStock(
  tx: Sql,
  sku: string,
  { productId }: LockedVariant,
  { stock, now }: { readonly stock: number; readonly now: Date },
): Promise<number> {
  const { rows } = await tx.query<{ version: number }>(SAVE, [productId, sku, stock, now]);
  return rows[0]?.version ?? 0;
}

const SET_LOW = 'UPDATE variants SET low_stock_at = $2 WHERE sku = $1 RETURNING stock, reserved';

/** Sets from how many pieces on a variant is low. @returns its numbers; undefined: there is no such variant */
export async function setLowStock(
  tx: Sql,
  sku: string,
  at: number | null,
): Promise<{ readonly stock: number; readonly reserved: number } | undefined> {
  return (await tx.query<{ stock: number; reserved: number }>(SET_LOW, [sku, at])).rows[0];
}
