import { Injectable } from '@nestjs/common';
import type { Flow } from '@stoa/messaging';
import { order } from '@stoa/order-contract';
import { customerIdOf } from '../customer-id-of.js';
import { hold, pay } from './placing.js';

type PayOrderFlow = Flow<typeof order.payOrder>;

/** Another attempt to pay an order that is still being placed. */
@Injectable()
export class PayOrder implements PayOrderFlow {
  readonly run: PayOrderFlow['run'] = async ({ orderId, payment }, context) => {
    const attemptId = context.stepId('attempt');
    const begin = { customerId: customerIdOf(context.caller), orderId, attemptId, payment };
    const begun = await context.step('begin', order.startAttempt, begin);
    // The flow that placed it may have ended before it held anything.
    return (await hold(context, begun)) ?? pay(context, begun, attemptId, payment);
  };
}
