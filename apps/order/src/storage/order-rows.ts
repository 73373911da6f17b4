import type { OrderSummary, Quote } from '@stoa/order-contract';
import { fulfilmentStatusOf, paymentStatusOf, type OrderState } from '../domain/order-state.js';

/** The part of an order that changes and needs no column. */
type Body = Pick<
  OrderState,
  | 'cancelReason'
  | 'email'
  | 'shippingAddress'
  | 'billingAddress'
  | 'cartVersion'
  | 'lines'
  | 'attempts'
  | 'paidBy'
  | 'captured'
  | 'refunded'
  | 'fulfilments'
  | 'returns'
  | 'refunds'
  | 'timeline'
>;

/** A row of `orders` as lists read it. */
export interface SummaryRow {
  readonly order_id: string;
  readonly number: string;
  readonly customer_id: string;
  readonly status: OrderSummary['status'];
  readonly payment_status: OrderSummary['paymentStatus'];
  readonly fulfilment_status: OrderSummary['fulfilmentStatus'];
  readonly currency: string;
  readonly total: string;
  readonly created_at: Date;
  readonly placed_at: Date | null;
}

export interface OrderRow extends SummaryRow {
  readonly checkout_id: string;
  readonly version: number;
  readonly updated_at: Date;
  readonly hold_until: Date | null;
  readonly quote: Quote;
  readonly body: Body;
}

export const SUMMARY_COLUMNS =
  'order_id, number, customer_id, status, payment_status, fulfilment_status, currency, total, created_at, placed_at';
export const ORDER_COLUMNS = `${SUMMARY_COLUMNS}, checkout_id, version, updated_at, hold_until, quote, body`;

export const summaryOf = (row: SummaryRow): OrderSummary => ({
  orderId: row.order_id,
  number: row.number,
  customerId: row.customer_id,
  status: row.status,
  paymentStatus: row.payment_status,
  fulfilmentStatus: row.fulfilment_status,
  total: { amount: Number(row.total), currency: row.currency },
  createdAt: row.created_at.toISOString(),
  placedAt: row.placed_at?.toISOString() ?? null,
});

export const stateOf = (row: OrderRow): OrderState => ({
  ...row.body,
  orderId: row.order_id,
  customerId: row.customer_id,
  checkoutId: row.checkout_id,
  number: row.number,
  version: row.version,
  status: row.status,
  quote: row.quote,
  holdUntil: row.hold_until,
  createdAt: row.created_at,
  placedAt: row.placed_at,
  updatedAt: row.updated_at,
});

/** The columns of an order that changes write, in the order of `UPDATE`. */
export const changedValues = (order: OrderState): readonly unknown[] => [
  order.version,
  order.status,
  paymentStatusOf(order),
  fulfilmentStatusOf(order),
  order.placedAt,
  order.holdUntil,
  JSON.stringify(bodyOf(order)),
  order.updatedAt,
];

const bodyOf = (order: OrderState): Body => ({
  cancelReason: order.cancelReason,
  email: order.email,
  shippingAddress: order.shippingAddress,
  billingAddress: order.billingAddress,
  cartVersion: order.cartVersion,
  lines: order.lines,
  attempts: order.attempts,
  paidBy: order.paidBy,
  captured: order.captured,
  refunded: order.refunded,
  fulfilments: order.fulfilments,
  returns: order.returns,
  refunds: order.refunds,
  timeline: order.timeline,
});
