import type { Sql } from '@stoa/postgres';
import { contentOf, type ProductRow, type StoredProduct, type VariantRow } from './stored-product.js';

const PRODUCT_COLUMNS = `id, handle, title, description, vendor, category, tags, active, option_names AS "optionNames", images,
  seo_title AS "seoTitle", seo_description AS "seoDescription", version, created_at AS "createdAt", updated_at AS "updatedAt"`;

// In the order of the handles: whoever locks several does it in the same order.
const LOCK = `SELECT ${PRODUCT_COLUMNS} FROM products WHERE handle = ANY($1) ORDER BY handle FOR UPDATE`;

// A statement of its own, behind the lock: in the lock's own statement it would see the variants as they were before
// the wait for the lock.
const VARIANTS = `SELECT product_id AS "productId", sku, title, options, price, currency, compare_at_price AS "compareAtPrice", stock,
  oversell, barcode, grams, taxable, requires_shipping AS "requiresShipping", image_url AS "imageUrl", version, reserved
  FROM variants WHERE product_id IN (SELECT id FROM products WHERE handle = ANY($1)) ORDER BY product_id, position`;

type LockedProduct = ProductRow & Pick<StoredProduct, 'id' | 'version' | 'createdAt' | 'updatedAt'>;
type LockedVariant = VariantRow & {
  readonly productId: string;
  readonly version: number;
  readonly reserved: number;
};

/**
 * The products of these handles that exist, locked until the transaction ends. Their variants change only under this
 * lock.
 */
export async function lockProducts(tx: Sql, handles: readonly string[]): Promise<Map<string, StoredProduct>> {
  const [products, variants] = await Promise.all([
    tx.query<LockedProduct>(LOCK, [handles]),
    tx.query<LockedVariant>(VARIANTS, [handles]),
  ]);
  const byProduct = Map.groupBy(variants.rows, ({ productId }) => productId);
  return new Map(
    products.rows.map((row) => {
      const own = byProduct.get(row.id) ?? [];
      const { id, version, createdAt, updatedAt } = row;
      const variantVersions = new Map(own.map((variant) => [variant.sku, variant.version]));
      const reserved = new Map(own.filter((variant) => variant.reserved > 0).map((v) => [v.sku, v.reserved]));
      const content = contentOf(row, own);
      return [row.handle, { id, version, createdAt, updatedAt, content, variantVersions, reserved }];
    }),
  );
}

/** One product as `lockProducts` gives it; undefined: there is none. */
export const lockProduct = async (tx: Sql, handle: string): Promise<StoredProduct | undefined> =>
  (await lockProducts(tx, [handle])).get(handle);

/** The handle of the product that sells a SKU: to be asked again once that product is locked. */
export async function handleOfSku(tx: Sql, sku: string): Promise<string | undefined> {
  const text = 'SELECT p.handle FROM variants v JOIN products p ON p.id = v.product_id WHERE v.sku = $1';
  const { rows } = await tx.query<{ handle: string }>(text, [sku]);
  return rows[0]?.handle;
}
