import { Injectable } from '@nestjs/common';
import { deriveId, type Handler } from '@stoa/messaging';
import type { order } from '@stoa/order-contract';
import type { OrderState } from '../../domain/order-state.js';
import { openAttempts } from '../../domain/pay.js';
import { splitLeft } from '../../domain/refunds/split-left.js';
import { planRefund, refundableOf } from '../../domain/ship.js';
import { OrderChanges } from '../../storage/order-changes.js';

type PlanSettlementHandler = Handler<typeof order.planSettlement>;

/** Finds what an order's end asks of payment, and notes the refunds that it takes. */
@Injectable()
export class PlanSettlement implements PlanSettlementHandler {
  constructor(private readonly changes: OrderChanges) {}

  readonly handle: PlanSettlementHandler['handle'] = async (of, context) => {
    const { now, fail } = context;
    const changed = await this.changes.change(context, of, (before) => withRefund(before, now));
    if (!changed) return fail('NOT_FOUND', 'You have no such order');
    const { after } = changed;
    const isBought = after.status === 'placed' || after.status === 'completed';
    const paying = after.attempts.find(({ attemptId }) => attemptId === after.paidBy);
    const isHeld = isBought && paying?.status === 'authorised';
    return {
      currency: after.quote.currency,
      captures: isHeld ? [{ attemptId: paying.attemptId, amount: after.quote.total }] : [],
      voids: openAttempts(after).map(({ attemptId }) => attemptId),
      refunds: after.status === 'cancelled' ? after.refunds.filter(({ status }) => status === 'pending') : [],
      coupons: after.status === 'cancelled' ? after.quote.uses.map(({ counter }) => counter) : [],
    };
  };
}

/** A cancelled order with a refund of all that it still has. */
function withRefund(order: OrderState, at: Date): OrderState {
  const amount = refundableOf(order);
  if (order.status !== 'cancelled' || amount <= 0) return order;
  const refundId = deriveId(order.orderId, 'cancelled', String(order.refunds.length));
  const never = (code: string): never => {
    throw new Error(`The refund of a cancelled order was refused: ${code}`);
  };
  const split = splitLeft(order, { lines: [], amount }, amount);
  const refund = { refundId, amount, split: 'refused' in split ? null : split, reason: 'cancelled' };
  return planRefund(order, refund, { at, by: 'shop' }, never);
}
