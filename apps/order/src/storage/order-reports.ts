import { Inject, Injectable } from '@nestjs/common';
import { DATABASE } from '@stoa/messaging';
import type { DailySales, order, OrderSummary, SoldProduct } from '@stoa/order-contract';
import type { InputOf } from '@stoa/contract-kit';
import { queryAllShards, type KeyspaceDatabase } from '@stoa/sharded-service';
import { bucketOfNumber } from '../domain/order-number.js';
import { TopSold } from '../domain/top-sold.js';
import { SUMMARY_COLUMNS, summaryOf, type SummaryRow } from './order-rows.js';

type Filters = Omit<InputOf<typeof order.listOrders>, 'number'>;

// Postgres plans these with the values in place: a filter that is null is none.
const WANTED = `($2::text IS NULL OR status = $2) AND ($3::text IS NULL OR payment_status = $3)
  AND ($4::text IS NULL OR fulfilment_status = $4) AND ($5::uuid IS NULL OR customer_id = $5)
  AND ($6::timestamptz IS NULL OR created_at >= $6) AND ($7::timestamptz IS NULL OR created_at < $7)`;
const LIST = `SELECT ${SUMMARY_COLUMNS} FROM orders WHERE bucket = ANY ($1) AND ${WANTED}`;
const BY_NUMBER = `SELECT ${SUMMARY_COLUMNS} FROM orders WHERE bucket = $1 AND number = $8 AND ${WANTED}`;

const SOLD = `bucket = ANY ($1) AND status <> 'cancelled'
  AND placed_at >= $2::date::timestamp AT TIME ZONE 'UTC' AND placed_at < ($3::date + 1)::timestamp AT TIME ZONE 'UTC'`;
const SALES = `
  SELECT to_char(placed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, currency, count(*) AS orders, sum(total) AS amount
  FROM orders WHERE ${SOLD} GROUP BY day, currency`;
const PRODUCTS = `
  SELECT line->>'sku' AS sku, max(line->>'title') AS title, sum((line->>'quantity')::bigint) AS quantity,
    count(DISTINCT order_id) AS orders
  FROM orders, json_array_elements(quote->'lines') AS line
  WHERE ${SOLD} GROUP BY line->>'sku'`;

const valuesOf = (given: Filters): unknown[] =>
  [given.status, given.paymentStatus, given.fulfilmentStatus, given.customerId, given.from, given.until].map(
    (value) => value ?? null,
  );

/** A period of whole days, both included. */
interface Days {
  readonly from: string;
  readonly until: string;
}

/** Queries over the orders of all shards. */
@Injectable()
export class OrderReports {
  constructor(@Inject(DATABASE) private readonly database: KeyspaceDatabase) {}

  async list(given: Filters, budgetMs: number) {
    const { rows, next, previous } = await queryAllShards(this.database, budgetMs, (across) =>
      across.page<SummaryRow>({
        text: LIST,
        values: valuesOf(given),
        limit: given.limit,
        cursor: given.cursor,
        direction: given.order,
        orderBy: [
          { column: 'created_at', type: 'timestamptz' },
          { column: 'order_id', type: 'uuid' },
        ],
      }),
    );
    return { items: rows.map(summaryOf), next: next ?? null, previous: previous ?? null };
  }

  /** A number names its bucket: one shard is asked. */
  async byNumber(number: string, given: Filters): Promise<OrderSummary[]> {
    const bucket = bucketOfNumber(number);
    const values = [bucket, ...valuesOf(given), number];
    return (await this.database.read<SummaryRow>(bucket, { text: BY_NUMBER, values })).map(summaryOf);
  }

  async sales({ from, until }: Days, budgetMs: number): Promise<DailySales[]> {
    const totals = await queryAllShards(this.database, budgetMs, (across) =>
      across.totals({ text: SALES, values: [from, until] }, ['day', 'currency'], ['orders', 'amount']),
    );
    return totals
      .map(({ group, sums }) => ({
        day: String(group['day']),
        currency: String(group['currency']),
        orders: Number(sums['orders']),
        amount: String(sums['amount']),
      }))
      .toSorted((a, b) => (a.day + a.currency < b.day + b.currency ? -1 : 1));
  }

  async topSold({ from, until }: Days, limit: number, budgetMs: number): Promise<readonly SoldProduct[]> {
    let top = new TopSold(limit);
    type Row = { readonly title: string; readonly quantity: string; readonly orders: string };
    await queryAllShards(this.database, budgetMs, (across) =>
      across.aggregates<Row>({ text: PRODUCTS, values: [from, until], key: 'sku' }, () => {
        top = new TopSold(limit);
        return (sku, rows) => {
          const total = (of: 'quantity' | 'orders'): number => rows.reduce((sum, row) => sum + Number(row[of]), 0);
          top.add({ sku, title: rows[0]?.title ?? sku, quantity: total('quantity'), orders: total('orders') });
        };
      }),
    );
    return top.list();
  }
}
