import { Inject, Injectable } from '@nestjs/common';
import type { Flow } from '@stoa/messaging';
import type { payment as contract, PaymentMethod } from '@stoa/payment-contract';
import { beginAttempt, type NewAttempt } from '../domain/begin-attempt.js';
import type { Payment } from '../domain/payment.js';
import { toStripeAmount } from '../domain/provider-amount.js';
import { PROVIDER, type Provider } from '../providers/provider.js';
import { Settle } from '../settle/settle.js';
import { Payments } from '../storage/payments.js';
import { failing, replyOf } from './payment-state.js';

type AuthoriseFlow = Flow<typeof contract.authorise>;
type Input = Parameters<AuthoriseFlow['run']>[0];

/**
 * Notes the attempt, then asks the provider, then notes its word: whatever dies in between, the attempt is known here
 * before it can be known there.
 */
@Injectable()
export class Authorise implements AuthoriseFlow {
  constructor(
    private readonly payments: Payments,
    private readonly settle: Settle,
    @Inject(PROVIDER) private readonly provider: Provider | null,
  ) {}

  readonly run: AuthoriseFlow['run'] = async (input, flow) => {
    const { customerId, orderId, attemptId, amount, method } = input;
    const key = { customerId, orderId };
    if (method.provider === 'card') {
      if (!this.provider) flow.fail('METHOD_UNAVAILABLE', 'This shop takes no cards');
      if (toStripeAmount(amount.amount, amount.currency) === undefined) {
        flow.fail('AMOUNT_UNSUPPORTED', `The provider takes no such amount of ${amount.currency}`);
      }
    }
    const begun = await this.payments.change(key, (current, now) =>
      beginAttempt(current ?? emptyPayment(input, now), newAttempt(input), now, failing(flow)),
    );
    const older = (begun?.attempts ?? []).filter((each) => each.wanted === 'void' && each.attemptId !== attemptId);
    for (const each of older) await this.settle.attempt(key, each.attemptId);
    const settled = await this.settle.attempt(key, attemptId);
    return replyOf(settled!, attemptId);
  };
}

const emptyPayment = ({ customerId, orderId, amount }: Input, createdAt: Date): Payment => ({
  customerId,
  orderId,
  currency: amount.currency,
  attempts: [],
  refunds: [],
  createdAt,
});

const newAttempt = ({ attemptId, amount, method }: Input): NewAttempt => ({
  attemptId,
  ...amount,
  ...methodOf(method),
});

function methodOf(method: PaymentMethod): Pick<NewAttempt, 'method' | 'request'> {
  if (method.provider === 'manual') return { method: method.kind, request: {} };
  const { token, returnUrl } = method;
  return { method: 'card', request: { token, returnUrl } };
}
