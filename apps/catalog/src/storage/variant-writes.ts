import type { Variant } from '@stoa/catalog-contract';
import type { Sql } from '@stoa/postgres';

/** Another product sells this SKU. */
export class SkuTaken extends Error {
  override readonly name = 'SkuTaken';
  constructor(
    readonly sku: string,
    readonly product: string,
  ) {
    super(`The SKU ${sku} belongs to the product ${product}`);
  }
}

/** Orders hold more of this SKU than there would be, or what would be gone. */
export class StockHeld extends Error {
  override readonly name = 'StockHeld';
  constructor(
    readonly sku: string,
    readonly reserved: number,
  ) {
    super(`Orders hold ${reserved} of ${sku}: it can't have less, nor go, until they are done`);
  }
}

/** A variant to be written, under its new version. */
export interface VariantWrite {
  readonly variant: Variant;
  readonly productId: string;
  readonly position: number;
  readonly version: number;
}

const COLUMNS = [
  ['sku', 'text'],
  ['product_id', 'uuid'],
  ['position', 'smallint'],
  ['title', 'text'],
  ['options', 'text[]'],
  ['price', 'bigint'],
  ['currency', 'text'],
  ['compare_at_price', 'bigint'],
  ['stock', 'int'],
  ['oversell', 'boolean'],
  ['barcode', 'text'],
  ['grams', 'int'],
  ['taxable', 'boolean'],
  ['requires_shipping', 'boolean'],
  ['image_url', 'text'],
  ['version', 'int'],
] as const;

const UPSERT = `INSERT INTO variants AS old (${COLUMNS.map(([column]) => column).join(', ')})
  SELECT ${COLUMNS.map(([column]) => `v.${column}`).join(', ')}
  FROM jsonb_to_recordset($1::jsonb) AS v(${COLUMNS.map(([column, type]) => `${column} ${type}`).join(', ')})
  ORDER BY v.sku COLLATE "C"
  ON CONFLICT (sku) DO UPDATE SET ${COLUMNS.map(([column]) => `${column} = excluded.${column}`).join(', ')}
  WHERE old.product_id = excluded.product_id RETURNING sku`;

const OWNER = 'SELECT v.sku, p.handle FROM variants v JOIN products p ON p.id = v.product_id WHERE v.sku = ANY($1)';

const record = ({ variant, productId, position, version }: VariantWrite): object => ({
  sku: variant.sku,
  product_id: productId,
  position,
  title: variant.title,
  options: variant.options,
  price: variant.price.amount,
  currency: variant.price.currency,
  compare_at_price: variant.compareAtPrice?.amount ?? null,
  stock: variant.stock,
  oversell: variant.whenOutOfStock === 'continue',
  barcode: variant.barcode,
  grams: variant.grams,
  taxable: variant.taxable,
  requires_shipping: variant.requiresShipping,
  image_url: variant.imageUrl,
  version,
});

/** Which products sell these SKUs, by SKU. */
export async function ownersOf(tx: Sql, skus: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await tx.query<{ sku: string; handle: string }>(OWNER, [skus]);
  return new Map(rows.map(({ sku, handle }) => [sku, handle]));
}

/** @throws SkuTaken */
export async function upsertVariants(tx: Sql, variants: readonly VariantWrite[]): Promise<void> {
  if (variants.length === 0) return;
  const { rows } = await tx.query<{ sku: string }>(UPSERT, [JSON.stringify(variants.map(record))]);
  if (rows.length === variants.length) return;
  const written = new Set(rows.map(({ sku }) => sku));
  const sku = variants.find(({ variant }) => !written.has(variant.sku))?.variant.sku ?? '';
  throw new SkuTaken(sku, (await ownersOf(tx, [sku])).get(sku) ?? '');
}

/** Deletes variants by their SKUs. */
export async function deleteVariants(tx: Sql, skus: readonly string[]): Promise<void> {
  if (skus.length > 0) await tx.query('DELETE FROM variants WHERE sku = ANY($1)', [skus]);
}
