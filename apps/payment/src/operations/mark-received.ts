import { Injectable } from '@nestjs/common';
import type { Flow } from '@stoa/messaging';
import type { payment as contract } from '@stoa/payment-contract';
import { markReceived } from '../domain/change-attempt.js';
import { PaymentLists } from '../storage/payment-lists.js';
import { Payments } from '../storage/payments.js';
import { failing, stateOf } from './payment-state.js';

type MarkReceivedFlow = Flow<typeof contract.markReceived>;

const LOOK_UP_MS = 3_000;

/** A flow, because whose payment it is must be looked up first. */
@Injectable()
export class MarkReceived implements MarkReceivedFlow {
  constructor(
    private readonly payments: Payments,
    private readonly lists: PaymentLists,
  ) {}

  readonly run: MarkReceivedFlow['run'] = async ({ id, amount }, flow) => {
    const found = await this.lists.find(id, LOOK_UP_MS);
    if (!found) return flow.fail('NOT_FOUND', 'There is no such payment');
    const marked = await this.payments.change(found, (current, now) =>
      markReceived(current ?? found, amount, now, failing(flow)),
    );
    return stateOf(marked ?? found);
  };
}
