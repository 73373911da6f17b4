import { Inject, Injectable } from '@nestjs/common';
import { DATABASE, messageRow, newId, writeOutbox } from '@stoa/messaging';
import { payment as contract } from '@stoa/payment-contract';
import type { Sql, SqlDatabase } from '@stoa/postgres';
import { attemptOf, statusOf, sumsOf, type Change, type Changed, type Payment } from '../domain/payment.js';
import { PAYMENT_COLUMNS, paymentOf, type PaymentRow } from './payment-rows.js';
import { savePayment } from './save-payment.js';

const READ = `
  SELECT ${PAYMENT_COLUMNS} FROM payments AS p WHERE p.bucket = $1 AND p.customer_id = $2 AND p.order_id = $3`;
const LATEST = `
  SELECT ${PAYMENT_COLUMNS} FROM payments AS p WHERE p.bucket = $1 AND p.customer_id = $2
  ORDER BY p.created_at DESC, p.order_id DESC LIMIT 200`;
const LOCK = `
  INSERT INTO payers AS known (bucket, customer_id) VALUES ($1, $2)
  ON CONFLICT (bucket, customer_id) DO UPDATE SET version = known.version
  RETURNING version, clock_timestamp() AS now`;
const COUNT_EVENTS = 'UPDATE payers SET version = $3 WHERE bucket = $1 AND customer_id = $2';
const NOTE_EVENT = `
  INSERT INTO provider_events (bucket, customer_id, event_id, type, attempt_id) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT DO NOTHING`;

/** Where a payment is. */
export interface PaymentKey {
  readonly customerId: string;
  readonly orderId: string;
}

/** A provider's event, which is applied once. */
export interface NotedEvent {
  readonly eventId: string;
  readonly type: string;
  readonly attemptId: string;
}

/** A pure rule on a payment; undefined where there is none yet. */
export type Rule = (payment: Payment | undefined, now: Date) => Change | undefined;

/** Payments in Postgres, each in its customer's bucket. */
@Injectable()
export class Payments {
  constructor(@Inject(DATABASE) private readonly database: SqlDatabase) {}

  async read({ customerId, orderId }: PaymentKey): Promise<Payment | undefined> {
    const bucket = this.database.bucketOf(customerId);
    const statement = { text: READ, values: [bucket, customerId, orderId] };
    const [row] = await this.database.read<PaymentRow>(bucket, statement);
    return row && paymentOf(row);
  }

  async latest(customerId: string): Promise<Payment[]> {
    const bucket = this.database.bucketOf(customerId);
    const rows = await this.database.read<PaymentRow>(bucket, { text: LATEST, values: [bucket, customerId] });
    return rows.map(paymentOf);
  }

  /**
   * Applies a rule to a payment, and publishes what it changed: one transaction, alone among those of its customer. A
   * rule that throws changes nothing.
   * @param event an event of the provider that the rule applies: nothing is done when it was applied before
   */
  change(key: PaymentKey, rule: Rule, event?: NotedEvent): Promise<Payment | undefined> {
    const { customerId, orderId } = key;
    const bucket = this.database.bucketOf(customerId);
    return this.database.transaction(bucket, async (tx) => {
      const locked = await tx.query<{ version: string; now: Date }>(LOCK, [bucket, customerId]);
      const { version, now } = locked.rows[0]!;
      const { rows } = await tx.query<PaymentRow>(READ, [bucket, customerId, orderId]);
      const before = rows[0] && paymentOf(rows[0]);
      if (event && !(await noteEvent(tx, bucket, customerId, event))) return before;
      const change = rule(before, now);
      if (!change) return before;
      await savePayment(tx, bucket, before, change.payment, now);
      await this.publish(tx, bucket, Number(version), change, now);
      return change.payment;
    });
  }

  private async publish(tx: Sql, bucket: number, version: number, change: Change, now: Date): Promise<void> {
    const { payment, changed } = change;
    if (changed.length === 0) return;
    const rows = changed.map((each, n) =>
      messageRow(contract.paymentChanged, version + n + 1, eventOf(payment, each, now), {
        id: newId(),
        traceparent: undefined,
      }),
    );
    await writeOutbox(tx, bucket, rows);
    await tx.query(COUNT_EVENTS, [bucket, payment.customerId, version + changed.length]);
  }
}

async function noteEvent(tx: Sql, bucket: number, customerId: string, event: NotedEvent): Promise<boolean> {
  const { rowCount } = await tx.query(NOTE_EVENT, [bucket, customerId, event.eventId, event.type, event.attemptId]);
  return rowCount === 1;
}

function eventOf(payment: Payment, { attemptId, refundId, reason }: Changed, now: Date) {
  const { customerId, orderId, currency, refunds } = payment;
  const attempt = attemptOf(payment, attemptId);
  if (!attempt) throw new Error(`Attempt ${attemptId} changed, and is not of its payment`);
  const { captured, refunded, pendingRefunds } = sumsOf(payment);
  const refund = refunds.find((each) => each.refundId === refundId);
  return {
    customerId,
    orderId,
    attemptId,
    status: statusOf(payment, attempt),
    captured: { amount: captured, currency },
    refunded: { amount: refunded, currency },
    pendingRefunds: { amount: pendingRefunds, currency },
    ...(refund && { refundId: refund.refundId, refundStatus: refund.status }),
    ...(reason !== undefined && { reason }),
    at: now.toISOString(),
  };
}
