import { Injectable } from '@nestjs/common';
import type { EventHandler } from '@stoa/messaging';
import { order } from '@stoa/order-contract';
import type { payment } from '@stoa/payment-contract';
import type { OrderState } from '../domain/order-state.js';
import { cancelUnpaid, hearOfPayment } from '../domain/pay.js';
import { endRefund } from '../domain/ship.js';
import { whatHappened } from '../domain/what-happened.js';
import { OrderChanges } from '../storage/order-changes.js';

type Following = EventHandler<typeof payment.paymentChanged>;

/** Hears how attempts and refunds ended, and goes on with orders that waited for it. */
@Injectable()
export class FollowPayments implements Following {
  constructor(private readonly changes: OrderChanges) {}

  readonly on: Following['on'] = async (data, context) => {
    const { customerId, orderId, attemptId, status, reason, captured, refunded, refundId, refundStatus, at } = data;
    const doing = { at: new Date(at), by: 'provider' } as const;
    const news = { attemptId, status, reason, captured: captured.amount, refunded: refunded.amount };
    const changed = await this.changes.change(context, { customerId, orderId }, (before) => {
      const heard = cancelUnpaid(hearOfPayment(before, news, doing), { at: doing.at, by: 'shop' });
      if (refundId === undefined || refundStatus === undefined || refundStatus === 'pending') return heard;
      return endRefund(heard, refundId, refundStatus === 'succeeded' ? 'done' : 'failed', doing);
    });
    if (!changed || changed.after === changed.before) return;
    if (wasWaited(changed.before, changed.after, attemptId))
      await context.start(order.finishOrder, { customerId, orderId });
    if (whatHappened(changed.before, changed.after).settles)
      await context.start(order.settleOrder, { customerId, orderId });
  };
}

/** An attempt came through that no flow waits for: one that does finds it `pending`, and goes on itself. */
function wasWaited(before: OrderState, after: OrderState, attemptId: string): boolean {
  const find = ({ attempts }: OrderState) => attempts.find((attempt) => attempt.attemptId === attemptId)?.status;
  const now = find(after);
  return after.status === 'placing' && find(before) !== 'pending' && (now === 'authorised' || now === 'captured');
}
