import { Injectable } from '@nestjs/common';
import type { catalog } from '@stoa/catalog-contract';
import type { KeyState } from '@stoa/messaging';
import type { Sql } from '@stoa/postgres';
import type { PricedProduct } from '../domain/pricing/basket.js';

type BySku = ReadonlyMap<string, PricedProduct>;
type Traits = Pick<PricedProduct, 'category' | 'tags' | 'grams' | 'requiresShipping' | 'taxable' | 'taxClass'>;

interface ProductRow {
  readonly sku: string;
  readonly sold: boolean;
  readonly available: boolean;
  readonly handle: string;
  readonly title: string;
  readonly image_url: string | null;
  readonly amount: string;
  readonly currency: string;
  readonly traits: Partial<Traits>;
}

const READ = `SELECT sku, sold, coalesce(availability, available) AS available, handle, title, image_url, amount, currency,
    traits
  FROM products WHERE sku = ANY ($1)`;

// Versions only grow: a state that comes again, or late, changes nothing.
const UPSERT = `
  INSERT INTO products (sku, version, sold, available, handle, title, image_url, amount, currency, traits)
  SELECT sku, version, true, available, handle, title, image_url, amount, currency, traits
  FROM unnest($1::text[], $2::bigint[], $3::boolean[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[],
    $9::json[]) AS state(sku, version, available, handle, title, image_url, amount, currency, traits)
  ON CONFLICT (sku) DO UPDATE SET version = excluded.version, sold = true, available = excluded.available,
    handle = excluded.handle, title = excluded.title, image_url = excluded.image_url, amount = excluded.amount,
    currency = excluded.currency, traits = excluded.traits
  WHERE products.version < excluded.version`;

// A SKU that was never here needs no mark: an unknown one and one that is not sold any more are the same to a quote.
const MARK_GONE = `
  UPDATE products SET version = gone.version, sold = false
  FROM unnest($1::text[], $2::bigint[]) AS gone(sku, version)
  WHERE products.sku = gone.sku AND products.version < gone.version`;

const FORGET = `UPDATE products SET version = 0, sold = false
  WHERE ctid = ANY (ARRAY(SELECT ctid FROM products WHERE version > 0 LIMIT 10000))`;

type VariantState = KeyState<typeof catalog.variant>;
type VariantData = NonNullable<VariantState['data']>;

/** All that a variant's state has beside what has a column of its own. */
const traitsOf = ({ category, tags, grams, requiresShipping, taxable }: VariantData): string =>
  JSON.stringify({ category, tags, grams, requiresShipping, taxable });

/** Of a variant whose state says nothing of it. */
const DEFAULTS: Traits = {
  category: '',
  tags: [],
  grams: 0,
  requiresShipping: true,
  taxable: true,
  taxClass: 'standard',
};

const productOf = ({ handle, image_url, amount, currency, traits, ...row }: ProductRow): PricedProduct => ({
  ...DEFAULTS,
  ...traits,
  ...row,
  product: handle,
  imageUrl: image_url,
  price: { amount: Number(amount), currency },
});

/** The order service's copy of the catalog's variants. */
@Injectable()
export class Products {
  async find(tx: Sql, skus: readonly string[]): Promise<BySku> {
    const { rows } = await tx.query<ProductRow>(READ, [skus]);
    return new Map(rows.map((row) => [row.sku, productOf(row)]));
  }

  /** Takes over the last states of SKUs, each at most once in `states`. */
  async takeOver(tx: Sql, states: readonly VariantState[]): Promise<void> {
    // One order in all transactions, so that two never wait for each other.
    const inOrder = states.toSorted((a, b) => (a.key < b.key ? -1 : 1));
    const sold = inOrder.flatMap(({ version, data }) => (data ? [{ version, data }] : []));
    const gone = inOrder.filter(({ data }) => data === null);
    if (sold.length > 0) {
      await tx.query(UPSERT, [
        sold.map(({ data }) => data.sku),
        sold.map(({ version }) => version),
        sold.map(({ data }) => data.available),
        sold.map(({ data }) => data.product),
        sold.map(({ data }) => data.title),
        sold.map(({ data }) => data.imageUrl),
        sold.map(({ data }) => data.price.amount),
        sold.map(({ data }) => data.price.currency),
        sold.map(({ data }) => traitsOf(data)),
      ]);
    }
    if (gone.length > 0) await tx.query(MARK_GONE, [gone.map(({ key }) => key), gone.map(({ version }) => version)]);
  }

  /** Nothing is known to be sold any more, until it is taken over anew. @returns whether there is more to forget */
  async forget(tx: Sql): Promise<boolean> {
    return ((await tx.query(FORGET)).rowCount ?? 0) > 0;
  }
}
