import { Injectable } from '@nestjs/common';
import type { Flow } from '@stoa/messaging';
import type { payment as contract } from '@stoa/payment-contract';
import { wantCapture } from '../domain/change-attempt.js';
import { Settle } from '../settle/settle.js';
import { Payments } from '../storage/payments.js';
import { failing, stateOf } from './payment-state.js';

type CaptureFlow = Flow<typeof contract.capture>;

/** Where the provider gives no reply the state says `authorised`; the event comes when it has. */
@Injectable()
export class Capture implements CaptureFlow {
  constructor(
    private readonly payments: Payments,
    private readonly settle: Settle,
  ) {}

  readonly run: CaptureFlow['run'] = async ({ customerId, orderId, attemptId, amount }, flow) => {
    const key = { customerId, orderId };
    await this.payments.change(key, (current, now) => {
      if (!current) return flow.fail('NOT_FOUND', 'There is no such payment');
      return wantCapture(current, { attemptId, ...amount }, now, failing(flow));
    });
    const settled = await this.settle.attempt(key, attemptId);
    return stateOf(settled!, attemptId);
  };
}
