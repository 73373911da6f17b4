import {
  MAX_PARTS,
  type Fulfilment,
  type OrderLine,
  type OrderRefund,
  type OrderReturn,
  type Quantity,
} from '@stoa/order-contract';
import { fulfilmentStatusOf, next, type Doing, type OrderState } from './order-state.js';
import type { Refuse } from './refuse.js';

/** Quantities by SKU: two lines of one SKU count together. */
function summed(lines: readonly Quantity[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { sku, quantity } of lines) sums.set(sku, (sums.get(sku) ?? 0) + quantity);
  return sums;
}

/** The lines after quantities were added to `field`; undefined when a line has not so many left. */
function added(
  lines: readonly OrderLine[],
  quantities: ReadonlyMap<string, number>,
  field: 'shipped' | 'returned',
): readonly OrderLine[] | undefined {
  const bound = field === 'shipped' ? 'quantity' : 'shipped';
  const known = new Map(lines.map((line) => [line.sku, line]));
  for (const [sku, quantity] of quantities) {
    const line = known.get(sku);
    if (!line || line[field] + quantity > line[bound]) return undefined;
  }
  return lines.map((line) => ({ ...line, [field]: line[field] + (quantities.get(line.sku) ?? 0) }));
}

/** Whether goods may go out before money came in: only against cash. */
function isShippable(order: OrderState): boolean {
  if (order.quote.total === 0 || order.captured > 0) return true;
  return order.attempts.some(({ attemptId, kind }) => attemptId === order.paidBy && kind === 'cash_on_delivery');
}

/** An order of which a parcel went out. */
export function ship(
  order: OrderState,
  fulfilment: Omit<Fulfilment, 'at'>,
  doing: Doing,
  refuse: Refuse<'NOT_SHIPPABLE' | 'TOO_MANY'>,
): OrderState {
  if (order.fulfilments.some(({ fulfilmentId }) => fulfilmentId === fulfilment.fulfilmentId)) return order;
  if (order.status !== 'placed') return refuse('NOT_SHIPPABLE', `This order is ${order.status}`);
  if (!isShippable(order)) return refuse('NOT_SHIPPABLE', 'This order is not paid');
  if (order.fulfilments.length >= MAX_PARTS) return refuse('TOO_MANY', `At most ${MAX_PARTS} parcels`);
  const lines = added(order.lines, summed(fulfilment.lines), 'shipped');
  if (!lines) return refuse('TOO_MANY', 'More than is left to ship of a line, or not of this order');
  const parcel = { ...fulfilment, at: doing.at.toISOString() };
  return next(order, doing, 'shipped', { lines, fulfilments: [...order.fulfilments, parcel] });
}

/** An order of which nothing more is expected. */
export function complete(order: OrderState, doing: Doing, refuse: Refuse<'NOT_COMPLETE'>): OrderState {
  if (order.status === 'completed') return order;
  const isShipped = ['fulfilled', 'returned'].includes(fulfilmentStatusOf(order));
  if (order.status !== 'placed' || !isShipped) return refuse('NOT_COMPLETE', 'Not everything was shipped');
  if (order.quote.total > 0 && order.captured === 0) return refuse('NOT_COMPLETE', 'It is not paid');
  return next(order, doing, 'completed', { status: 'completed' });
}

/** An order of which goods came back. */
export function takeBack(
  order: OrderState,
  back: Omit<OrderReturn, 'at'>,
  doing: Doing,
  refuse: Refuse<'TOO_MANY'>,
): OrderState {
  if (order.returns.some(({ returnId }) => returnId === back.returnId)) return order;
  if (order.returns.length >= MAX_PARTS) return refuse('TOO_MANY', `At most ${MAX_PARTS} returns`);
  const lines = added(order.lines, summed(back.lines), 'returned');
  if (!lines) return refuse('TOO_MANY', 'More than was shipped and did not come back yet, or not of this order');
  const arrived = { ...back, at: doing.at.toISOString() };
  return next(order, doing, 'returned', { lines, returns: [...order.returns, arrived] }, back.reason);
}

/** The amount that may still be refunded: what was taken, less what went back or is about to. */
export function refundableOf(order: OrderState): number {
  const pending = order.refunds.reduce((sum, { amount, status }) => sum + (status === 'pending' ? amount : 0), 0);
  const done = order.refunds.reduce((sum, { amount, status }) => sum + (status === 'done' ? amount : 0), 0);
  return order.captured - Math.max(done, order.refunded) - pending;
}

/** An order of whose money some is to go back. */
export function planRefund(
  order: OrderState,
  refund: Pick<OrderRefund, 'refundId' | 'amount' | 'split' | 'reason'>,
  doing: Doing,
  refuse: Refuse<'REFUND_TOO_LARGE' | 'TOO_MANY'>,
): OrderState {
  if (order.refunds.some(({ refundId }) => refundId === refund.refundId)) return order;
  if (order.refunds.length >= MAX_PARTS) return refuse('TOO_MANY', `At most ${MAX_PARTS} refunds`);
  const left = refundableOf(order);
  if (refund.amount > left) return refuse('REFUND_TOO_LARGE', `At most ${left} can be refunded`);
  const planned: OrderRefund = { ...refund, status: 'pending', at: doing.at.toISOString() };
  return next(order, doing, 'refund_asked', { refunds: [...order.refunds, planned] }, refund.reason);
}

/** An order one of whose refunds ended. */
export function endRefund(order: OrderState, refundId: string, status: 'done' | 'failed', doing: Doing): OrderState {
  const refund = order.refunds.find((other) => other.refundId === refundId);
  if (!refund || refund.status !== 'pending') return order;
  const refunds = order.refunds.map((other) => (other === refund ? { ...refund, status } : other));
  return next(order, doing, `refund_${status}`, { refunds });
}
