import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { DATABASE } from '@stoa/messaging';
import type { OrderSummary } from '@stoa/order-contract';
import type { Sql, SqlDatabase } from '@stoa/postgres';
import { bucketOfOrder } from '../domain/order-id.js';
import { NUMBERS_PER_BUCKET, orderNumber } from '../domain/order-number.js';
import type { OrderState } from '../domain/order-state.js';
import {
  changedValues,
  ORDER_COLUMNS,
  stateOf,
  SUMMARY_COLUMNS,
  summaryOf,
  type OrderRow,
  type SummaryRow,
} from './order-rows.js';
import { fromCursor, toCursor } from './place.js';

const OF_CUSTOMER = `
  SELECT ${SUMMARY_COLUMNS}, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS place
  FROM orders
  WHERE bucket = $1 AND customer_id = $2 AND (created_at, order_id) < ($3::timestamptz, $4::uuid)
    AND (status = 'placing' OR placed_at IS NOT NULL)
  ORDER BY created_at DESC, order_id DESC LIMIT $5`;
const NEWEST = ['infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff'] as const;

const FIND = `SELECT ${ORDER_COLUMNS} FROM orders WHERE bucket = $1 AND order_id = $2`;
const LOCK = `${FIND} AND customer_id = $3 FOR UPDATE`;
const INSERT = `
  INSERT INTO orders (bucket, order_id, customer_id, checkout_id, number, currency, total, created_at, quote,
    version, status, payment_status, fulfilment_status, placed_at, hold_until, body, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
  ON CONFLICT (bucket, number) DO NOTHING`;
const UPDATE = `
  UPDATE orders SET version = $3, status = $4, payment_status = $5, fulfilment_status = $6, placed_at = $7,
    hold_until = $8, body = $9, updated_at = $10
  WHERE bucket = $1 AND order_id = $2`;

/** Of the numbers of a bucket, the n-th that an order would take. */
const numberOf = (bucket: number, orderId: string, n: number): string => {
  const hash = createHash('sha256').update(`${orderId} ${n}`).digest();
  return orderNumber(bucket, hash.readUIntBE(0, 6) % NUMBERS_PER_BUCKET);
};

/** Orders in Postgres. */
@Injectable()
export class Orders {
  constructor(@Inject(DATABASE) private readonly database: SqlDatabase) {}

  /** A page of a customer's orders, the newest first. @returns undefined for a cursor that is none */
  async ofCustomer(
    customerId: string,
    limit: number,
    cursor?: string,
  ): Promise<{ readonly items: OrderSummary[]; readonly next: string | null } | undefined> {
    const place = cursor === undefined ? NEWEST : fromCursor(cursor);
    if (!place) return undefined;
    const bucket = this.database.bucketOf(customerId);
    const values = [bucket, customerId, ...place, limit + 1];
    const statement = { name: 'orders_of_customer', text: OF_CUSTOMER, values };
    const rows = await this.database.read<SummaryRow & { place: string }>(bucket, statement);
    const last = rows.length > limit ? rows[limit - 1] : undefined;
    return { items: rows.slice(0, limit).map(summaryOf), next: last ? toCursor([last.place, last.order_id]) : null };
  }

  /** An order, wherever it is: its id names the bucket. For queries and flows. */
  async find(orderId: string): Promise<OrderState | undefined> {
    const bucket = bucketOfOrder(orderId);
    if (bucket === undefined) return undefined;
    const statement = { name: 'find_order', text: FIND, values: [bucket, orderId] };
    const [row] = await this.database.read<OrderRow>(bucket, statement);
    return row && stateOf(row);
  }

  /** A customer's order, locked until the end of the transaction. */
  async lock(tx: Sql, bucket: number, customerId: string, orderId: string): Promise<OrderState | undefined> {
    const { rows } = await tx.query<OrderRow>(LOCK, [bucket, orderId, customerId]);
    return rows[0] && stateOf(rows[0]);
  }

  /** @returns the order with its number */
  async add(tx: Sql, bucket: number, order: Omit<OrderState, 'number'>): Promise<OrderState> {
    const { orderId, customerId, checkoutId, quote, createdAt } = order;
    for (let n = 0; ; n += 1) {
      const numbered = { ...order, number: numberOf(bucket, orderId, n) };
      const fixed = [bucket, orderId, customerId, checkoutId, numbered.number, quote.currency, quote.total, createdAt];
      const values = [...fixed, JSON.stringify(quote), ...changedValues(numbered)];
      if ((await tx.query(INSERT, values)).rowCount === 1) return numbered;
    }
  }

  /** Writes an order that `lock` gave. */
  async save(tx: Sql, bucket: number, order: OrderState): Promise<void> {
    await tx.query(UPDATE, [bucket, order.orderId, ...changedValues(order)]);
  }
}
