import { Inject, Injectable } from '@nestjs/common';
import { DATABASE } from '@stoa/messaging';
import { queryAllShards, type KeyspaceDatabase } from '@stoa/sharded-service';
import type { CartFigures } from '@stoa/cart-contract';
import type { Products } from '../domain/cart.js';
import { totalOf } from '../domain/pricing.js';
import { TopProducts, type Demand } from '../domain/top-products.js';
import { cartOf, type CartAndProducts, type CartRow } from './carts.js';
import { PRODUCTS_AS_JSON, productsOf, type ProductJson } from './products.js';

const COUNTS = `
  SELECT count(*) FILTER (WHERE status = 'open' AND skus <> '{}') AS open,
    count(*) FILTER (WHERE status = 'open' AND skus = '{}') AS empty,
    count(*) FILTER (WHERE status = 'closed') AS closed,
    sum((SELECT sum(quantity) FROM unnest(quantities) AS quantity)) FILTER (WHERE status = 'open') AS items
  FROM carts WHERE bucket = ANY ($1)`;

/**
 * Prices carts as priceCart does: a cart's currency is that of its first line that can be bought, and the lines in it
 * count. A sum that is no exact number for priceCart comes as its lines instead: which of them count is for that rule
 * to say.
 */
const VALUES = `
  SELECT currency, count(*) AS carts, sum(amount) AS amount, lines FROM (
    SELECT currency, CASE WHEN amount <= ${Number.MAX_SAFE_INTEGER} THEN amount END AS amount,
      CASE WHEN amount > ${Number.MAX_SAFE_INTEGER} THEN ARRAY(
        SELECT l.quantity * p.amount
        FROM carts AS c, unnest(c.skus, c.quantities) WITH ORDINALITY AS l(sku, quantity, n), products AS p
        WHERE c.bucket = priced.bucket AND c.customer_id = priced.customer_id
          AND p.sku = l.sku AND p.sold AND p.available AND p.currency = priced.currency
        ORDER BY l.n) END AS lines
    FROM (
      SELECT DISTINCT ON (bucket, customer_id) bucket, customer_id, currency, amount
      FROM (
        SELECT c.bucket, c.customer_id, p.currency, min(l.n) AS first, sum(l.quantity * p.amount) AS amount
        FROM carts AS c, unnest(c.skus, c.quantities) WITH ORDINALITY AS l(sku, quantity, n), products AS p
        WHERE c.bucket = ANY ($1) AND c.status = 'open' AND p.sku = l.sku AND p.sold AND p.available
        GROUP BY c.bucket, c.customer_id, p.currency
      ) AS by_currency
      ORDER BY bucket, customer_id, first
    ) AS priced
  ) AS carts GROUP BY currency, lines`;

/** Both in one statement, so from one snapshot. */
const STATISTICS = `
  SELECT to_json(counts) AS counts, (
    SELECT json_agg(json_build_array(currency, carts, amount::text, lines::text[])) FROM (${VALUES}) AS v
  ) AS values
  FROM (${COUNTS}) AS counts`;

interface Statistics {
  readonly counts: Record<'open' | 'empty' | 'closed', number> & { readonly items: number | null };
  readonly values: [currency: string, carts: number, amount: string | null, lines: string[] | null][] | null;
}

const ABANDONED = `
  SELECT c.customer_id, c.version, c.status, c.joined_by, c.skus, c.quantities, c.updated_at, c.idle_since,
    (SELECT ${PRODUCTS_AS_JSON} FROM products AS p WHERE p.sku = ANY (c.skus)) AS products
  FROM carts AS c WHERE c.bucket = ANY ($1) AND c.idle_since < $2::timestamptz`;

const DEMAND = `
  SELECT l.sku, sum(l.quantity) AS quantity, count(*) AS carts
  FROM carts AS c, unnest(c.skus, c.quantities) AS l(sku, quantity)
  WHERE c.bucket = ANY ($1) AND c.status = 'open' GROUP BY l.sku`;

const PRODUCTS = `SELECT ${PRODUCTS_AS_JSON} AS products FROM products AS p WHERE p.sku = ANY ($1)`;

/** A page of the list of abandoned carts, as it is asked for. */
export interface AbandonedList {
  /** A whole hour. */
  readonly since: string;
  readonly order: 'asc' | 'desc';
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Carts of one page, with the cursors of the pages next to it. */
export interface AbandonedPage {
  readonly carts: readonly CartAndProducts[];
  readonly next: string | undefined;
  readonly previous: string | undefined;
}

/** Queries over the carts of all shards. */
@Injectable()
export class CartReports {
  constructor(@Inject(DATABASE) private readonly database: KeyspaceDatabase) {}

  async statistics(budgetMs: number): Promise<CartFigures> {
    const parts = await queryAllShards(this.database, budgetMs, (across) =>
      across.partials<Statistics>({ text: STATISTICS }),
    );
    const sum = (of: keyof Statistics['counts']): number =>
      parts.reduce((total, { counts }) => total + (counts[of] ?? 0), 0);
    return {
      open: sum('open'),
      empty: sum('empty'),
      closed: sum('closed'),
      items: sum('items'),
      values: valuesOf(parts.flatMap(({ values }) => values ?? [])),
    };
  }

  async abandoned({ since, order, limit, cursor }: AbandonedList, budgetMs: number): Promise<AbandonedPage> {
    const { rows, next, previous } = await queryAllShards(this.database, budgetMs, (across) =>
      across.page<CartRow & { readonly customer_id: string }>({
        text: ABANDONED,
        values: [since],
        limit,
        cursor,
        direction: order,
        orderBy: [
          { column: 'idle_since', type: 'timestamptz' },
          { column: 'customer_id', type: 'uuid' },
        ],
      }),
    );
    const carts = rows.map((row) => ({ cart: cartOf(row.customer_id, row), products: productsOf(row.products ?? []) }));
    return { carts, next, previous };
  }

  /** The SKUs of which open carts hold most. Holds no more than a few thousand SKUs of each shard at a time. */
  async topProducts(limit: number, budgetMs: number): Promise<{ demands: readonly Demand[]; products: Products }> {
    let top = new TopProducts(limit);
    await queryAllShards(this.database, budgetMs, (across) =>
      across.aggregates<{ quantity: string; carts: string }>({ text: DEMAND, key: 'sku' }, () => {
        top = new TopProducts(limit);
        return (sku, rows) => {
          const total = (of: 'quantity' | 'carts'): number => rows.reduce((sum, row) => sum + Number(row[of]), 0);
          top.add({ sku, quantity: total('quantity'), carts: total('carts') });
        };
      }),
    );
    return { demands: top.list(), products: await this.productsOf(top.list().map(({ sku }) => sku)) };
  }

  /** Every shard has a copy of all products: that of any bucket's shard will do. */
  private async productsOf(skus: readonly string[]): Promise<Products> {
    const statement = { text: PRODUCTS, values: [skus] };
    const [row] = await this.database.read<{ products: ProductJson[] | null }>(0, statement);
    return productsOf(row?.products ?? []);
  }
}

function valuesOf(parts: NonNullable<Statistics['values']>): CartFigures['values'] {
  const totals = new Map<string, { carts: number; amount: bigint }>();
  for (const [currency, carts, amount, lines] of parts) {
    const total = totals.get(currency) ?? { carts: 0, amount: 0n };
    // Carts with the same lines are one part, and each has their total.
    const part = lines === null ? BigInt(amount ?? 0) : BigInt(totalOf(lines.map(Number))) * BigInt(carts);
    totals.set(currency, { carts: total.carts + carts, amount: total.amount + part });
  }
  return [...totals]
    .map(([currency, { carts, amount }]) => ({ currency, carts, amount: String(amount) }))
    .toSorted((a, b) => (a.currency < b.currency ? -1 : 1));
}
