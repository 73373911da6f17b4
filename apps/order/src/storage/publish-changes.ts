import type { EventContext } from '@stoa/messaging';
import { order as contract } from '@stoa/order-contract';
import { fulfilmentStatusOf, paymentStatusOf, type OrderState } from '../domain/order-state.js';
import { whatHappened } from '../domain/what-happened.js';

type Publish = EventContext['publish'];

const quantitiesOf = ({ lines }: OrderState) => lines.map(({ sku, quantity }) => ({ sku, quantity }));

/** Publishes what happened between two versions of an order. @param version of the shopper's next event */
export async function publishChanges(
  publish: Publish,
  version: number,
  before: OrderState | undefined,
  after: OrderState,
): Promise<void> {
  const { customerId, orderId, number, quote, cartVersion, status } = after;
  const at = after.updatedAt.toISOString();
  const happened = whatHappened(before, after);
  const reason = after.cancelReason ?? 'operator';
  if (happened.placed) {
    const total = { amount: quote.total, currency: quote.currency };
    const bought = { lines: quantitiesOf(after), total, cartVersion, coupon: couponOf(after) };
    await publish(contract.orderPlaced, version, { customerId, orderId, number, ...bought, at });
  }
  if (happened.refused) await publish(contract.orderRefused, version, { customerId, orderId, reason, at });
  if (happened.cancelled) {
    const lines = quantitiesOf(after);
    await publish(contract.orderCancelled, version, { customerId, orderId, lines, reason, at });
  }
  const known = new Set(before?.returns.map(({ returnId }) => returnId));
  for (const { returnId, lines: back } of after.returns.filter((each) => !known.has(each.returnId))) {
    const lines = back.filter(({ restocked }) => restocked).map(({ sku, quantity }) => ({ sku, quantity }));
    if (lines.length > 0) await publish(contract.itemsRestocked, version, { customerId, orderId, returnId, lines, at });
  }
  await publish(contract.orderChanged, version, {
    customerId,
    orderId,
    number,
    orderVersion: after.version,
    status,
    paymentStatus: paymentStatusOf(after),
    fulfilmentStatus: fulfilmentStatusOf(after),
    at,
  });
}

const couponOf = ({ quote }: OrderState): string | null => (quote.coupon?.applied ? quote.coupon.code : null);
