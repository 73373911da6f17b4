import type { Sql } from '@stoa/postgres';
import { leadingAttempt, statusOf, sumsOf, unsettledSince, type Payment } from '../domain/payment.js';
import { attemptRow, refundRow } from './payment-rows.js';

const SAVE_PAYMENT = `
  INSERT INTO payments AS known (bucket, customer_id, order_id, currency, status, amount, captured, refunded,
    pending_refunds, unsettled_since, created_at, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
  ON CONFLICT (bucket, customer_id, order_id) DO UPDATE
  SET status = excluded.status, amount = excluded.amount, captured = excluded.captured, refunded = excluded.refunded,
    pending_refunds = excluded.pending_refunds, unsettled_since = excluded.unsettled_since,
    updated_at = excluded.updated_at`;

const upsert = (table: string, key: string, columns: string): string => `
  INSERT INTO ${table} SELECT * FROM json_populate_recordset(NULL::${table}, $1)
  ON CONFLICT (bucket, customer_id, order_id, ${key}) DO UPDATE
  SET (${columns}) = ROW (${columns
    .split(',')
    .map((column) => `excluded.${column.trim()}`)
    .join(', ')})`;

const SAVE_ATTEMPTS = upsert(
  'attempts',
  'attempt_id',
  `status, reason, reference, page, action_url, card_brand, card_last4, is_open, wanted, capture_amount, captured,
   request, updated_at, due_at, tries`,
);
const SAVE_REFUNDS = upsert('refunds', 'refund_id', 'status, reason, reference, updated_at, due_at, tries, errors');

/** Writes what is new in a payment. Its customer's row must be locked. */
export async function savePayment(
  tx: Sql,
  bucket: number,
  before: Payment | undefined,
  after: Payment,
  now: Date,
): Promise<void> {
  const place = { bucket, customerId: after.customerId, orderId: after.orderId };
  const attempts = after.attempts.filter((attempt) => !before?.attempts.includes(attempt));
  const refunds = after.refunds.filter((refund) => !before?.refunds.includes(refund));
  if (attempts.length === 0 && refunds.length === 0) return;
  const leading = leadingAttempt(after);
  if (!leading) return;
  const { captured, refunded, pendingRefunds } = sumsOf(after);
  await tx.query(SAVE_PAYMENT, [
    bucket,
    after.customerId,
    after.orderId,
    after.currency,
    statusOf(after, leading),
    leading.amount,
    captured,
    refunded,
    pendingRefunds,
    unsettledSince(after),
    after.createdAt,
    now,
  ]);
  if (attempts.length > 0) {
    await tx.query(SAVE_ATTEMPTS, [JSON.stringify(attempts.map((attempt) => attemptRow(place, attempt)))]);
  }
  if (refunds.length > 0) {
    await tx.query(SAVE_REFUNDS, [JSON.stringify(refunds.map((refund) => refundRow(place, refund)))]);
  }
}
