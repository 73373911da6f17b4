import { Inject, Injectable } from '@nestjs/common';
import { DATABASE } from '@stoa/messaging';
import type { OrderSummary } from '@stoa/order-contract';
import type { SqlDatabase } from '@stoa/postgres';
import { fromCursor, toCursor } from './place.js';

interface SummaryRow {
  readonly order_id: string;
  readonly number: string;
  readonly customer_id: string;
  readonly status: OrderSummary['status'];
  readonly payment_status: OrderSummary['paymentStatus'];
  readonly fulfilment_status: OrderSummary['fulfilmentStatus'];
  readonly currency: string;
  readonly total: string;
  readonly created_at: Date;
  readonly place: string;
}

const OF_CUSTOMER = `
  SELECT order_id, number, customer_id, status, payment_status, fulfilment_status, currency, total, created_at,
    to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS place
  FROM orders
  WHERE bucket = $1 AND customer_id = $2 AND (created_at, order_id) < ($3::timestamptz, $4::uuid)
  ORDER BY created_at DESC, order_id DESC LIMIT $5`;
const NEWEST = ['infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff'] as const;

const summaryOf = (row: SummaryRow): OrderSummary => ({
  orderId: row.order_id,
  number: row.number,
  customerId: row.customer_id,
  status: row.status,
  paymentStatus: row.payment_status,
  fulfilmentStatus: row.fulfilment_status,
  total: { amount: Number(row.total), currency: row.currency },
  createdAt: row.created_at.toISOString(),
});

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
    const rows = await this.database.read<SummaryRow>(bucket, {
      name: 'orders_of_customer',
      text: OF_CUSTOMER,
      values,
    });
    const last = rows.length > limit ? rows[limit - 1] : undefined;
    return { items: rows.slice(0, limit).map(summaryOf), next: last ? toCursor([last.place, last.order_id]) : null };
  }
}
