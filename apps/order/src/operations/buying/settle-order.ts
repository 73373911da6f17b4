import { Injectable } from '@nestjs/common';
import { OperationError } from '@stoa/contract-kit';
import type { Flow } from '@stoa/messaging';
import { order } from '@stoa/order-contract';
import { payment } from '@stoa/payment-contract';
import { Orders } from '../../storage/orders.js';
import { finish } from './placing.js';
import { orderOf } from '../../domain/order-of.js';

/** Errors that say that there is nothing to do any more. */
async function unless(codes: readonly string[], work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof OperationError) || !codes.includes(error.code)) throw error;
  }
}

type SettleOrderFlow = Flow<typeof order.settleOrder>;

/** Takes the money of an order that was placed; gives back the money and coupons of one that came to nothing. */
@Injectable()
export class SettleOrder implements SettleOrderFlow {
  readonly run: SettleOrderFlow['run'] = async (of, { step, call }) => {
    const { currency, captures, voids, refunds, coupons } = await step('plan', order.planSettlement, of);
    for (const { attemptId, amount } of captures) {
      const capture = { ...of, attemptId, amount: { amount, currency } };
      await unless(['NOTHING_TO_CAPTURE'], call('capture', payment.capture, capture));
    }
    for (const attemptId of voids) {
      const release = { ...of, attemptId, reason: 'cancelled' };
      // An attempt that was captured meanwhile is refunded when payment says so; one that payment does not know holds
      // nothing yet.
      await unless(['ALREADY_CAPTURED', 'NOT_FOUND'], call(`void ${attemptId}`, payment.void, release));
    }
    for (const { refundId, amount, reason } of refunds) {
      const refund = { ...of, refundId, amount: { amount, currency }, reason };
      await unless(['REFUND_EXCEEDS_CAPTURE'], call(`refund ${refundId}`, payment.refund, refund));
    }
    for (const counter of coupons) await step(`free ${counter}`, order.freeCoupon, { counter, orderId: of.orderId });
    return {};
  };
}

type FinishOrderFlow = Flow<typeof order.finishOrder>;

/** Places an order whose payment came while nobody waited for it. */
@Injectable()
export class FinishOrder implements FinishOrderFlow {
  constructor(private readonly orders: Orders) {}

  readonly run: FinishOrderFlow['run'] = async ({ customerId, orderId }, context) => {
    const known = await this.orders.find(orderId);
    if (!known || known.customerId !== customerId) return context.fail('NOT_FOUND');
    // Its goods and coupons never change, whenever it is read.
    await unless(['INSUFFICIENT_STOCK', 'COUPON_USED_UP'], finish(context, orderOf(known)));
    return {};
  };
}
