import type { Order } from '@stoa/order-contract';
import { fulfilmentStatusOf, paymentStatusOf, type OrderState } from './order-state.js';

/** An order as its owner sees it. */
export function orderOf(order: OrderState): Order {
  const { currency, total } = order.quote;
  const money = (amount: number) => ({ amount, currency });
  return {
    orderId: order.orderId,
    number: order.number,
    customerId: order.customerId,
    version: order.version,
    status: order.status,
    paymentStatus: paymentStatusOf(order),
    fulfilmentStatus: fulfilmentStatusOf(order),
    cancelReason: order.cancelReason,
    total: money(total),
    email: order.email,
    shippingAddress: order.shippingAddress,
    billingAddress: order.billingAddress,
    quote: order.quote,
    lines: [...order.lines],
    attempts: [...order.attempts],
    captured: money(order.captured),
    refunded: money(order.refunded),
    holdUntil: order.holdUntil?.toISOString() ?? null,
    fulfilments: [...order.fulfilments],
    returns: [...order.returns],
    refunds: [...order.refunds],
    timeline: [...order.timeline],
    createdAt: order.createdAt.toISOString(),
    placedAt: order.placedAt?.toISOString() ?? null,
    updatedAt: order.updatedAt.toISOString(),
  };
}
