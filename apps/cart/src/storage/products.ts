import type { catalog } from '@stoa/catalog-contract';
import { Injectable } from '@nestjs/common';
import type { KeyState } from '@stoa/messaging';
import type { Sql } from '@stoa/postgres';
import type { Product } from '../domain/cart.js';

/** A product as `PRODUCTS_AS_JSON` gives it: an array, because the names of fields would be most of the bytes. */
export type ProductJson = [
  sku: string,
  sold: boolean,
  available: boolean,
  handle: string,
  title: string,
  imageUrl: string | null,
  amount: number,
  currency: string,
];

/** An aggregate over `products p`: its rows as JSON, null when there are none. */
export const PRODUCTS_AS_JSON = `json_agg(json_build_array(
  p.sku, p.sold, coalesce(p.availability, p.available), p.handle, p.title, p.image_url, p.amount, p.currency))`;

const productOf = ([sku, sold, available, handle, title, imageUrl, amount, currency]: ProductJson): Product => ({
  sku,
  sold,
  available,
  handle,
  title,
  imageUrl,
  price: { amount, currency },
});

/** Products by SKU, of rows as `PRODUCTS_AS_JSON` gives them. */
export const productsOf = (rows: readonly ProductJson[]): ReadonlyMap<string, Product> =>
  new Map(rows.map((row) => [row[0], productOf(row)]));

// Versions only grow: a state that comes again, or late, changes nothing.
const UPSERT = `
  INSERT INTO products (sku, version, sold, available, handle, title, image_url, amount, currency)
  SELECT sku, version, true, available, handle, title, image_url, amount, currency
  FROM unnest($1::text[], $2::bigint[], $3::boolean[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[])
    AS state(sku, version, available, handle, title, image_url, amount, currency)
  ON CONFLICT (sku) DO UPDATE SET version = excluded.version, sold = true, available = excluded.available,
    handle = excluded.handle, title = excluded.title, image_url = excluded.image_url, amount = excluded.amount,
    currency = excluded.currency
  WHERE products.version < excluded.version`;

// A SKU that was never here needs no mark: an unknown one and one that is not sold any more are the same to a cart.
const MARK_GONE = `
  UPDATE products SET version = gone.version, sold = false
  FROM unnest($1::text[], $2::bigint[]) AS gone(sku, version)
  WHERE products.sku = gone.sku AND products.version < gone.version`;

// The rows stay, because carts hold their SKUs; any version is newer than theirs.
const FORGET = `UPDATE products SET version = 0, sold = false
  WHERE ctid = ANY (ARRAY(SELECT ctid FROM products WHERE version > 0 LIMIT 10000))`;

type VariantState = KeyState<typeof catalog.variant>;

/** The cart's copy of the catalog's variants. */
@Injectable()
export class Products {
  /** Takes over the last states of SKUs, each at most once in `states`. */
  async takeOver(tx: Sql, states: readonly VariantState[]): Promise<void> {
    // One order in all transactions, so that two never wait for each other.
    const inOrder = states.toSorted((a, b) => (a.key < b.key ? -1 : 1));
    const sold = inOrder.flatMap(({ version, data }) => (data ? [{ version, ...data }] : []));
    const gone = inOrder.filter(({ data }) => data === null);
    if (sold.length > 0) {
      await tx.query(UPSERT, [
        sold.map((state) => state.sku),
        sold.map((state) => state.version),
        sold.map((state) => state.available),
        sold.map((state) => state.product),
        sold.map((state) => state.title),
        sold.map((state) => state.imageUrl),
        sold.map((state) => state.price.amount),
        sold.map((state) => state.price.currency),
      ]);
    }
    if (gone.length > 0) await tx.query(MARK_GONE, [gone.map(({ key }) => key), gone.map(({ version }) => version)]);
  }
  /** Nothing is known to be sold any more, until it is taken over anew. @returns whether there is more to forget */
  async forget(tx: Sql): Promise<boolean> {
    return ((await tx.query(FORGET)).rowCount ?? 0) > 0;
  }
}
