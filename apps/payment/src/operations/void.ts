import { Injectable } from '@nestjs/common';
import type { Flow } from '@stoa/messaging';
import type { payment as contract } from '@stoa/payment-contract';
import { wantVoid } from '../domain/change-attempt.js';
import { Settle } from '../settle/settle.js';
import { Payments } from '../storage/payments.js';
import { failing, stateOf } from './payment-state.js';

type VoidFlow = Flow<typeof contract.void>;

/** An attempt that is unknown is voided as soon as it is known. */
@Injectable()
export class Void implements VoidFlow {
  constructor(
    private readonly payments: Payments,
    private readonly settle: Settle,
  ) {}

  readonly run: VoidFlow['run'] = async ({ customerId, orderId, attemptId, reason }, flow) => {
    const key = { customerId, orderId };
    await this.payments.change(key, (current, now) => {
      if (!current) return flow.fail('NOT_FOUND', 'There is no such payment');
      return wantVoid(current, { attemptId, reason }, now, failing(flow));
    });
    const settled = await this.settle.attempt(key, attemptId);
    return stateOf(settled!, attemptId);
  };
}
