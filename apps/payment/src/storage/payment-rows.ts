import type { Attempt, AttemptRequest, Payment, Refund } from '../domain/payment.js';

/** Rows as Postgres gives them in JSON. */
export interface PaymentRow {
  readonly customer_id: string;
  readonly order_id: string;
  readonly currency: string;
  readonly created_at: string | Date;
  readonly attempts: readonly AttemptRow[] | null;
  readonly refunds: readonly RefundRow[] | null;
}

export interface AttemptRow {
  readonly attempt_id: string;
  readonly provider: Attempt['provider'];
  readonly method: Attempt['method'];
  readonly amount: number;
  readonly status: Attempt['status'];
  readonly reason: string | null;
  readonly reference: string | null;
  readonly page: string | null;
  readonly action_url: string | null;
  readonly card_brand: string | null;
  readonly card_last4: string | null;
  readonly is_open: boolean;
  readonly wanted: Attempt['wanted'];
  readonly capture_amount: number | null;
  readonly captured: number;
  readonly request: AttemptRequest | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly due_at: string | null;
  readonly tries: number;
}

export interface RefundRow {
  readonly refund_id: string;
  readonly attempt_id: string;
  readonly amount: number;
  readonly status: Refund['status'];
  readonly reason: string;
  readonly reference: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly due_at: string | null;
  readonly tries: number;
  readonly errors: number;
}

/** The columns of a payment with its attempts and refunds, of the row `p`. */
export const PAYMENT_COLUMNS = `
  p.customer_id, p.order_id, p.currency, p.created_at,
  (SELECT json_agg(a ORDER BY a.created_at, a.attempt_id) FROM attempts AS a
    WHERE a.bucket = p.bucket AND a.customer_id = p.customer_id AND a.order_id = p.order_id) AS attempts,
  (SELECT json_agg(r ORDER BY r.created_at, r.refund_id) FROM refunds AS r
    WHERE r.bucket = p.bucket AND r.customer_id = p.customer_id AND r.order_id = p.order_id) AS refunds`;

const dateOf = (at: string | null): Date | null => (at === null ? null : new Date(at));

export function paymentOf(row: PaymentRow): Payment {
  return {
    customerId: row.customer_id,
    orderId: row.order_id,
    currency: row.currency,
    attempts: (row.attempts ?? []).map(attemptOf),
    refunds: (row.refunds ?? []).map(refundOf),
    createdAt: new Date(row.created_at),
  };
}

function attemptOf(row: AttemptRow): Attempt {
  const { card_brand: brand, card_last4: last4 } = row;
  return {
    attemptId: row.attempt_id,
    provider: row.provider,
    method: row.method,
    amount: row.amount,
    status: row.status,
    reason: row.reason,
    reference: row.reference,
    page: row.page,
    actionUrl: row.action_url,
    card: brand !== null && last4 !== null ? { brand, last4 } : null,
    isOpen: row.is_open,
    wanted: row.wanted,
    captureAmount: row.capture_amount,
    captured: row.captured,
    request: row.request,
    createdAt: new Date(row.created_at),
    updatedAt: new Date(row.updated_at),
    dueAt: dateOf(row.due_at),
    tries: row.tries,
  };
}

function refundOf(row: RefundRow): Refund {
  return {
    refundId: row.refund_id,
    attemptId: row.attempt_id,
    amount: row.amount,
    status: row.status,
    reason: row.reason,
    reference: row.reference,
    createdAt: new Date(row.created_at),
    updatedAt: new Date(row.updated_at),
    dueAt: dateOf(row.due_at),
    tries: row.tries,
    errors: row.errors,
  };
}

/** The columns that every attempt and refund has of its payment. */
type Place = Pick<Payment, 'customerId' | 'orderId'> & { readonly bucket: number };

export function attemptRow({ bucket, customerId, orderId }: Place, attempt: Attempt): object {
  const { card, ...fields } = attempt;
  return {
    bucket,
    customer_id: customerId,
    order_id: orderId,
    attempt_id: fields.attemptId,
    provider: fields.provider,
    method: fields.method,
    amount: fields.amount,
    status: fields.status,
    reason: fields.reason,
    reference: fields.reference,
    page: fields.page,
    action_url: fields.actionUrl,
    card_brand: card?.brand ?? null,
    card_last4: card?.last4 ?? null,
    is_open: fields.isOpen,
    wanted: fields.wanted,
    capture_amount: fields.captureAmount,
    captured: fields.captured,
    request: fields.request,
    created_at: fields.createdAt,
    updated_at: fields.updatedAt,
    due_at: fields.dueAt,
    tries: fields.tries,
  };
}

export function refundRow({ bucket, customerId, orderId }: Place, refund: Refund): object {
  return {
    bucket,
    customer_id: customerId,
    order_id: orderId,
    refund_id: refund.refundId,
    attempt_id: refund.attemptId,
    amount: refund.amount,
    status: refund.status,
    reason: refund.reason,
    reference: refund.reference,
    created_at: refund.createdAt,
    updated_at: refund.updatedAt,
    due_at: refund.dueAt,
    tries: refund.tries,
    errors: refund.errors,
  };
}
