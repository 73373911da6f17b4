import { catalog } from '@stoa/catalog-contract';
import type { Sql } from '@stoa/postgres';

/** An availability that shoppers haven't seen yet; null: the SKU is gone. */
export interface Shown {
  readonly sku: string;
  readonly version: number;
  readonly available: boolean | null;
}

// A SKU that is gone before it was ever shown here has nothing to take back.
const SHOW = `WITH present AS (
    SELECT s.sku, v.oversell OR v.stock > v.reserved AS available
    FROM unnest($1::text[]) AS s(sku) LEFT JOIN variants AS v ON v.sku = s.sku
  ), settled AS (
    DELETE FROM stale_availability WHERE sku = ANY($1)
  )
  INSERT INTO availability AS a (sku, available, version)
  SELECT sku, available, 1 FROM present
  WHERE available IS NOT NULL OR EXISTS (SELECT FROM availability WHERE sku = present.sku)
  ORDER BY sku COLLATE "C"
  ON CONFLICT (sku) DO UPDATE SET available = excluded.available, version = a.version + 1
    WHERE a.available IS DISTINCT FROM excluded.available
  RETURNING sku, version, available`;

/** Notes what shoppers are shown from now on of SKUs whose variants are locked. @returns what is new to them */
export async function showAvailability(tx: Sql, skus: readonly string[]): Promise<readonly Shown[]> {
  return (await tx.query<Shown>(SHOW, [skus])).rows;
}

/** How an availability is published. */
interface Publisher {
  publish(
    state: typeof catalog.availability,
    version: number,
    data: { sku: string; available: boolean },
  ): Promise<void>;
  retract(state: typeof catalog.availability, version: number, key: string): Promise<void>;
}

/** Publishes what is new to shoppers. */
export async function publishShown({ publish, retract }: Publisher, { sku, version, available }: Shown): Promise<void> {
  if (available === null) await retract(catalog.availability, version, sku);
  else await publish(catalog.availability, version, { sku, available });
}

const STALE = 'SELECT sku FROM stale_availability LIMIT 200';
const LOCK_PRODUCTS = `SELECT FROM products WHERE id IN (SELECT product_id FROM variants WHERE sku = ANY($1))
  ORDER BY handle FOR UPDATE`;
const TOUCH = `UPDATE products AS p SET version = version + 1, updated_at = clock_timestamp(),
    available = EXISTS (SELECT FROM variants AS v WHERE v.product_id = p.id AND (v.oversell OR v.stock > v.reserved))
  WHERE id IN (SELECT product_id FROM variants WHERE sku = ANY($1)) RETURNING handle, version`;

/** SKUs of which shoppers may see something else than there is, some of them. */
export async function staleSkus(tx: Sql): Promise<string[]> {
  return (await tx.query<{ sku: string }>(STALE)).rows.map(({ sku }) => sku);
}

/** Locks the products of these variants. */
export async function lockProductsOf(tx: Sql, skus: readonly string[]): Promise<void> {
  await tx.query(LOCK_PRODUCTS, [skus]);
}

/** Gives the products of variants whose availability changed, which are locked, their next versions. */
export async function touchProducts(
  tx: Sql,
  skus: readonly string[],
): Promise<readonly { readonly handle: string; readonly version: number }[]> {
  return (await tx.query<{ handle: string; version: number }>(TOUCH, [skus])).rows;
}
