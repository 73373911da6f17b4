import { Injectable } from '@nestjs/common';
import type { Flow } from '@stoa/messaging';
import type { payment as contract } from '@stoa/payment-contract';
import { beginRefund } from '../domain/refunds.js';
import { Settle } from '../settle/settle.js';
import { Payments } from '../storage/payments.js';
import { failing, stateOf } from './payment-state.js';

type RefundFlow = Flow<typeof contract.refund>;

/** The amount is taken off what can be refunded before the provider is asked: two at once can't exceed it. */
@Injectable()
export class Refund implements RefundFlow {
  constructor(
    private readonly payments: Payments,
    private readonly settle: Settle,
  ) {}

  readonly run: RefundFlow['run'] = async ({ customerId, orderId, refundId, amount, reason }, flow) => {
    const key = { customerId, orderId };
    await this.payments.change(key, (current, now) => {
      if (!current) return flow.fail('NOT_FOUND', 'There is no such payment');
      return beginRefund(current, { refundId, reason, ...amount }, now, failing(flow));
    });
    const settled = await this.settle.refund(key, refundId);
    return stateOf(settled!, settled?.refunds.find((each) => each.refundId === refundId)?.attemptId);
  };
}
