import { Inject, Injectable } from '@nestjs/common';
import { LOGGER, type Logger } from '@stoa/service';
import { hasMore, nextStep, type Step } from '../domain/next-step.js';
import { attemptOf, type Payment } from '../domain/payment.js';
import { applyReply, noReply, type ProviderReply } from '../domain/provider-reply.js';
import { applyRefundReply, noRefundReply } from '../domain/refunds.js';
import { NoReply, PROVIDER, type AttemptAt, type Provider } from '../providers/provider.js';
import { Payments, type PaymentKey } from '../storage/payments.js';

/** After so many a provider that repeats its 500, and knows of no such attempt, is believed. */
const ERRORS_BELIEVED = 3;
/** Authorise, then what was asked for meanwhile. */
const MOST_STEPS = 3;

/**
 * Settle asks the provider whatever is to be asked about an attempt or a refund, and records its word. No transaction
 * is open meanwhile. Flows and the poller end here, perhaps at once: the provider does each thing once, and its word
 * moves a payment forward only.
 */
@Injectable()
export class Settle {
  constructor(
    private readonly payments: Payments,
    @Inject(PROVIDER) private readonly provider: Provider | null,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @returns the payment as it is then */
  async attempt(key: PaymentKey, attemptId: string): Promise<Payment | undefined> {
    let payment = await this.payments.read(key);
    for (let steps = 0; steps < MOST_STEPS && payment && this.provider; steps += 1) {
      const attempt = attemptOf(payment, attemptId);
      const step = attempt && nextStep(attempt);
      if (!attempt || !step) return payment;
      const reply = await this.ask(step, { ...attempt, ...placeOf(payment) });
      payment = await this.payments.change(key, (current, now) => {
        if (!current) return undefined;
        return reply ? applyReply(current, attemptId, reply, now) : noReply(current, attemptId, now);
      });
      const next = payment && attemptOf(payment, attemptId);
      if (!reply || !next || !hasMore(next)) return payment;
    }
    return payment;
  }

  /** Asks for a refund, or how it ended. @returns the payment as it is then */
  async refund(key: PaymentKey, refundId: string): Promise<Payment | undefined> {
    const payment = await this.payments.read(key);
    const refund = payment?.refunds.find((each) => each.refundId === refundId);
    const attempt = payment && refund && attemptOf(payment, refund.attemptId);
    if (!attempt || refund.status !== 'pending' || attempt.provider === 'manual' || !this.provider) return payment;
    try {
      const reply = await this.provider.refund({ ...refund, attempt: { ...attempt, ...placeOf(payment) } });
      return await this.payments.change(
        key,
        (current, now) => current && applyRefundReply(current, refundId, reply, now),
      );
    } catch (error) {
      const { saysError } = this.expected(error, { refundId });
      return this.payments.change(key, (current, now) => current && noRefundReply(current, refundId, saysError, now));
    }
  }

  private async ask(step: Step, attempt: AttemptAt): Promise<ProviderReply | undefined> {
    try {
      return await this.run(step, attempt);
    } catch (error) {
      this.expected(error, { attemptId: attempt.attemptId, step });
      return undefined;
    }
  }

  private run(step: Step, attempt: AttemptAt): Promise<ProviderReply> {
    const provider = this.provider!;
    switch (step) {
      case 'authorise':
        return provider.authorise(attempt);
      case 'find':
        return this.find(provider, attempt);
      case 'capture':
        return provider.capture(attempt, attempt.captureAmount ?? attempt.amount);
      case 'void':
        return provider.void(attempt);
      case 'look':
        return provider.look(attempt);
    }
  }

  /** Where the provider knows of none, it is asked once more under the same key: then it knows. */
  private async find(provider: Provider, attempt: AttemptAt): Promise<ProviderReply> {
    const found = await provider.find(attempt);
    if (found) return found;
    try {
      return await provider.authorise(attempt);
    } catch (error) {
      const isBelieved = error instanceof NoReply && error.saysError && attempt.tries >= ERRORS_BELIEVED;
      if (isBelieved) return { status: 'failed', reason: 'provider_error' };
      throw error;
    }
  }

  /** A provider that gives no reply is nothing unusual; any other error is thrown. */
  private expected(error: unknown, fields: object): NoReply {
    if (!(error instanceof NoReply)) throw error;
    this.logger.warn({ ...fields, why: error.message }, 'the payment provider gave no reply: it is asked again');
    return error;
  }
}

const placeOf = ({
  customerId,
  orderId,
  currency,
}: Payment): Pick<AttemptAt, 'customerId' | 'orderId' | 'currency'> => ({
  customerId,
  orderId,
  currency,
});
