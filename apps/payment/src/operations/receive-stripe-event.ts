import { Inject, Injectable } from '@nestjs/common';
import type { Flow } from '@stoa/messaging';
import type { payment as contract } from '@stoa/payment-contract';
import { unchanged, type Change, type Payment } from '../domain/payment.js';
import { applyReply } from '../domain/provider-reply.js';
import { applyRefundReply } from '../domain/refunds.js';
import { ForgedEvent, PROVIDER, type Provider, type ProviderEvent } from '../providers/provider.js';
import { Payments } from '../storage/payments.js';

type ReceiveFlow = Flow<typeof contract.receiveStripeEvent>;

/**
 * Applies an event of the provider: once, by its id, and whatever came before it, since each says how things were and
 * only moves them forward. One that is not signed over its bytes, or long ago, is refused.
 */
@Injectable()
export class ReceiveStripeEvent implements ReceiveFlow {
  constructor(
    private readonly payments: Payments,
    @Inject(PROVIDER) private readonly provider: Provider | null,
  ) {}

  readonly run: ReceiveFlow['run'] = async ({ body, headers }, flow) => {
    const event = await this.read(body, headers['stripe-signature'] ?? '', () =>
      flow.fail('SIGNATURE_INVALID', 'The signature is not right, or too old'),
    );
    if (!event) return { received: false };
    const known = await this.payments.change(
      event,
      (current, now) => (current ? applied(current, event, now) : undefined),
      event,
    );
    return { received: known !== undefined };
  };

  private async read(body: string, signature: string, refuse: () => never): Promise<ProviderEvent | undefined> {
    if (!this.provider) return refuse();
    try {
      return await this.provider.readEvent(body, signature);
    } catch (error) {
      if (error instanceof ForgedEvent) return refuse();
      throw error;
    }
  }
}

function applied(payment: Payment, { attemptId, reply, refund }: ProviderEvent, now: Date): Change {
  if (refund) return applyRefundReply(payment, refund.refundId, refund.reply, now);
  return reply ? applyReply(payment, attemptId, reply, now) : unchanged(payment);
}
