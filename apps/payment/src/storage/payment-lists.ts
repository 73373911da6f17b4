import { Inject, Injectable } from '@nestjs/common';
import { DATABASE } from '@stoa/messaging';
import { queryAllShards, type KeyspaceDatabase } from '@stoa/sharded-service';
import type { Payment } from '../domain/payment.js';
import { PAYMENT_COLUMNS, paymentOf, type PaymentRow } from './payment-rows.js';

/** A row of a list. */
export interface SummaryRow {
  readonly customer_id: string;
  readonly order_id: string;
  readonly currency: string;
  readonly status: string;
  readonly amount: string;
  readonly captured: string;
  readonly refunded: string;
  readonly pending_refunds: string;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** A page of a list, with the cursors of the pages next to it. */
export interface SummaryPage {
  readonly rows: readonly SummaryRow[];
  readonly next?: string | undefined;
  readonly previous?: string | undefined;
}

export interface ListRules {
  readonly status?: string | undefined;
  readonly customerId?: string | undefined;
  readonly from?: string | undefined;
  readonly until?: string | undefined;
  readonly unsettledMinutes?: number | undefined;
  readonly order: 'asc' | 'desc';
  readonly limit: number;
  readonly cursor?: string | undefined;
}

const LIST = `
  SELECT p.customer_id, p.order_id, p.currency, p.status, p.amount, p.captured, p.refunded, p.pending_refunds,
    p.created_at, p.updated_at
  FROM payments AS p
  WHERE p.bucket = ANY ($1) AND ($2::text IS NULL OR p.status = $2) AND ($3::uuid IS NULL OR p.customer_id = $3)
    AND p.created_at >= coalesce($4::timestamptz, '-infinity') AND p.created_at < coalesce($5::timestamptz, 'infinity')
    AND ($6::int IS NULL OR p.unsettled_since <= now() - make_interval(mins => $6))`;

const FIND = `SELECT ${PAYMENT_COLUMNS} FROM payments AS p WHERE p.bucket = ANY ($1) AND p.order_id = $2`;

/** Queries over the payments of all shards. */
@Injectable()
export class PaymentLists {
  constructor(@Inject(DATABASE) private readonly database: KeyspaceDatabase) {}

  page(list: ListRules, budgetMs: number): Promise<SummaryPage> {
    const { status, customerId, from, until, unsettledMinutes, order, limit, cursor } = list;
    return queryAllShards(this.database, budgetMs, (across) =>
      across.page<SummaryRow>({
        text: LIST,
        values: [status ?? null, customerId ?? null, from ?? null, until ?? null, unsettledMinutes ?? null],
        limit,
        cursor,
        direction: order,
        orderBy: [
          { column: 'created_at', type: 'timestamptz' },
          { column: 'order_id', type: 'uuid' },
        ],
      }),
    );
  }

  /** The payment of an order, whoever's it is. */
  async find(orderId: string, budgetMs: number): Promise<Payment | undefined> {
    const found = await queryAllShards(this.database, budgetMs, (across) =>
      across.partials<PaymentRow>({ text: FIND, values: [orderId] }),
    );
    const [row] = found;
    return row && paymentOf(row);
  }
}
