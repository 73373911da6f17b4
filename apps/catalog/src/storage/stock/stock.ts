import type { Sql } from '@stoa/postgres';
import type { StatedProduct } from '../../domain/variant-state.js';
import { variantOf, type VariantRow } from '../stored-product.js';
import type { Variant } from '@stoa/catalog-contract';

/** A variant whose product the transaction has locked. */
export interface LockedVariant {
  readonly productId: string;
  readonly product: StatedProduct;
  readonly variant: Variant;
  /** Of its published state. */
  readonly version: number;
}

const LOCK = `SELECT id, handle, title, active, image_url AS "imageUrl", cardinality(skus) > 1 AS several, category, tags
  FROM products
  WHERE id = (SELECT product_id FROM variants WHERE sku = $1) FOR UPDATE`;

const READ = `SELECT sku, title, options, price, currency, compare_at_price AS "compareAtPrice", stock, oversell, barcode, grams,
  taxable, requires_shipping AS "requiresShipping", image_url AS "imageUrl", version FROM variants WHERE sku = $1 AND product_id = $2`;

/** A variant with what of its product its state shows; the product is locked, its other variants are left alone. */
export async function lockVariant(tx: Sql, sku: string): Promise<LockedVariant | undefined> {
  const [product] = (await tx.query<StatedProduct & { id: string }>(LOCK, [sku])).rows;
  if (!product) return undefined;
  // Behind the lock: the variant may have changed, or gone to another product, while this waited for it.
  const [row] = (await tx.query<VariantRow & { version: number }>(READ, [sku, product.id])).rows;
  return row && { productId: product.id, product, variant: variantOf(row), version: row.version };
}

// Stock is no part of what `content_hash` was computed of any more.
const SAVE = `WITH changed AS (UPDATE variants SET stock = $3, version = $4 WHERE sku = $2 RETURNING sku)
  UPDATE products SET version = version + 1, updated_at = $5, content_hash = NULL,
    available = EXISTS (SELECT FROM variants WHERE product_id = $1 AND
      CASE WHEN sku = $2 THEN $3 > 0 OR oversell ELSE stock > 0 OR oversell END)
  FROM changed WHERE id = $1 RETURNING products.version`;

/** Saves a locked variant's stock. @returns the product's new version */
export async function saveStock(
  tx: Sql,
  { productId, variant }: LockedVariant,
  saved: { readonly stock: number; readonly version: number; readonly now: Date },
): Promise<number> {
  const values = [productId, variant.sku, saved.stock, saved.version, saved.now];
  const { rows } = await tx.query<{ version: number }>(SAVE, values);
  return rows[0]?.version ?? 0;
}

/** An adjustment of a stock, as it is recorded. */
export interface StockAdjustment {
  readonly id: string;
  readonly sku: string;
  readonly delta: number;
  readonly stock: number;
  readonly reason: string | undefined;
  readonly by: string;
  readonly now: Date;
}

/** Records an adjustment for good. */
export async function recordAdjustment(tx: Sql, adjustment: StockAdjustment): Promise<void> {
  const { id, sku, delta, stock, reason, by, now } = adjustment;
  await tx.query(
    `INSERT INTO stock_movements (id, sku, delta, stock, reason, moved_by, moved_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [id, sku, delta, stock, reason ?? null, by, now],
  );
}
