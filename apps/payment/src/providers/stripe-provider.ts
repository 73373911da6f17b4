import { Stripe } from 'stripe';
import { toStripeAmount } from '../domain/provider-amount.js';
import type { ProviderReply } from '../domain/provider-reply.js';
import type { RefundReply } from '../domain/refunds.js';
import {
  ForgedEvent,
  NoReply,
  type AttemptAt,
  type Provider,
  type ProviderBooks,
  type ProviderEvent,
  type RefundAt,
} from './provider.js';
import { bookOf, booksOf } from './stripe-books.js';
import { eventOf } from './stripe-events.js';
import { METADATA, replyOfIntent, replyOfRefund, replyOfSession } from './stripe-replies.js';

/** Stripe's webhooks are believed for as long after they were signed. */
const TOLERANCE_SECONDS = 300;
/** Less than a flow's budget: a provider that is silent makes an attempt unknown while its shopper still waits. */
const TIMEOUT_MS = 6_000;
const EXPAND = ['latest_charge'];
/** Around an attempt's beginning: its intent was made then, or not at all. */
const WINDOW_SECONDS = 300;

/** Where Stripe is, and what it knows us by. */
export interface StripeSettings {
  readonly secretKey: string;
  readonly webhookSecret: string | undefined;
  /** A provider of Stripe's wire shape; Stripe itself if not given. */
  readonly apiUrl: string | undefined;
  /** Where shoppers go from Stripe's page if the order names no other. */
  readonly returnUrl: string;
  readonly timeoutMs?: number;
}

/** The adapter for Stripe, by its official client. Amounts are held until the order captures them. */
export class StripeProvider implements Provider {
  private readonly stripe: Stripe;

  constructor(private readonly settings: StripeSettings) {
    const { secretKey, apiUrl, timeoutMs = TIMEOUT_MS } = settings;
    // Whoever settles attempts asks again where there was no response, not the client.
    const rules: Stripe.StripeConfig = {
      maxNetworkRetries: 0,
      timeout: timeoutMs,
      telemetry: false,
      ...hostOf(apiUrl),
    };
    this.stripe = new Stripe(secretKey, rules);
  }

  authorise(attempt: AttemptAt): Promise<ProviderReply> {
    return asking(() => (attempt.request?.token === undefined ? this.openPage(attempt) : this.charge(attempt)));
  }

  capture(attempt: AttemptAt, amount: number): Promise<ProviderReply> {
    const part = { amount_to_capture: stripeAmount(amount, attempt.currency), expand: EXPAND };
    return this.change(attempt, () => this.stripe.paymentIntents.capture(referenceOf(attempt), part));
  }

  void(attempt: AttemptAt): Promise<ProviderReply> {
    const { page } = attempt;
    // While a page is open its intent can't be cancelled, also where a first card was declined.
    if (page !== null) return asking(() => this.closePage(page, attempt));
    return this.change(attempt, () => this.stripe.paymentIntents.cancel(referenceOf(attempt), { expand: EXPAND }));
  }

  find(attempt: AttemptAt): Promise<ProviderReply | undefined> {
    return asking(async () => {
      if (attempt.reference !== null || attempt.page !== null) return this.current(attempt);
      // A page takes no money before it is known: making it again gives the same one.
      if (attempt.request?.token === undefined) return undefined;
      const intent = (await this.search(attempt)) ?? (await this.listed(attempt));
      return intent && replyOfIntent(intent, false);
    });
  }

  look(attempt: AttemptAt): Promise<ProviderReply> {
    return asking(() => this.current(attempt));
  }

  refund({ refundId, amount, tries, errors, attempt }: RefundAt): Promise<RefundReply> {
    const payment_intent = referenceOf(attempt);
    return asking(async () => {
      if (tries > 0) {
        const made = await this.refundOf(payment_intent, refundId);
        if (made) return replyOfRefund(made);
      }
      const metadata = { ...metadataOf(attempt), [METADATA.refund]: refundId };
      const params = { payment_intent, amount: stripeAmount(amount, attempt.currency), metadata };
      // Stripe repeats a 500 under its key. Its list, which is never late, knows whether it was done all the same.
      // Not its id alone: a surplus is refunded under the id of its attempt.
      const idempotencyKey = `refund:${refundId}:${errors}`;
      try {
        return replyOfRefund(await this.stripe.refunds.create(params, { idempotencyKey }));
      } catch (error) {
        if (isInvalid(error)) return { status: 'failed', reason: error.code ?? 'invalid' };
        throw error;
      }
    });
  }

  async readEvent(body: string, signature: string): Promise<ProviderEvent | undefined> {
    const { webhookSecret } = this.settings;
    if (webhookSecret === undefined) throw new ForgedEvent('No webhook secret is set');
    const event = await this.stripe.webhooks
      .constructEventAsync(body, signature, webhookSecret, TOLERANCE_SECONDS)
      .catch((error: unknown) => {
        throw new ForgedEvent('The signature is not right', { cause: error });
      });
    return eventOf(event);
  }

  books(from: Date, until: Date): AsyncIterable<ProviderBooks> {
    return booksOf(this.stripe, from, until);
  }

  book(reference: string): Promise<ProviderBooks | undefined> {
    return asking(async () => bookOf(this.stripe, await this.stripe.paymentIntents.retrieve(reference)));
  }

  private async charge(attempt: AttemptAt): Promise<ProviderReply> {
    const { attemptId, amount, currency, request } = attempt;
    const params: Stripe.PaymentIntentCreateParams = {
      amount: stripeAmount(amount, currency),
      currency: currency.toLowerCase(),
      capture_method: 'manual',
      confirm: true,
      payment_method: request?.token ?? '',
      payment_method_types: ['card'],
      return_url: request?.returnUrl ?? this.settings.returnUrl,
      metadata: metadataOf(attempt),
      expand: EXPAND,
    };
    try {
      const intent = await this.stripe.paymentIntents.create(params, { idempotencyKey: attemptId });
      return known(replyOfIntent(intent, false));
    } catch (error) {
      if (error instanceof Stripe.errors.StripeCardError && error.payment_intent) {
        return known(replyOfIntent(error.payment_intent, false));
      }
      if (isInvalid(error)) return { status: 'failed', reason: error.code ?? 'invalid' };
      throw error;
    }
  }

  private async openPage(attempt: AttemptAt): Promise<ProviderReply> {
    const { attemptId, amount, currency, orderId, request } = attempt;
    const back = request?.returnUrl ?? this.settings.returnUrl;
    const metadata = { ...metadataOf(attempt), method: 'page' };
    const price_data = {
      currency: currency.toLowerCase(),
      unit_amount: stripeAmount(amount, currency),
      product_data: { name: `Order ${orderId}` },
    };
    const params: Stripe.Checkout.SessionCreateParams = {
      mode: 'payment',
      payment_method_types: ['card'],
      line_items: [{ quantity: 1, price_data }],
      payment_intent_data: { capture_method: 'manual', metadata },
      client_reference_id: attemptId,
      metadata,
      success_url: back,
      cancel_url: back,
    };
    return known(replyOfSession(await this.stripe.checkout.sessions.create(params, { idempotencyKey: attemptId })));
  }

  /** A page that was paid meanwhile can't be closed: then its intent is cancelled. */
  private async closePage(page: string, attempt: AttemptAt): Promise<ProviderReply> {
    try {
      return known(replyOfSession(await this.stripe.checkout.sessions.expire(page)));
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) throw error;
    }
    const reply = await this.current(attempt);
    if (reply.status !== 'authorised' || reply.reference === undefined) return reply;
    const intent = await this.stripe.paymentIntents.cancel(reply.reference, { expand: EXPAND });
    return known(replyOfIntent(intent, true));
  }

  /** A change that the intent's state allows once: where it is not allowed the state says what happened. */
  private change(attempt: AttemptAt, run: () => Promise<Stripe.PaymentIntent>): Promise<ProviderReply> {
    return asking(async () => {
      try {
        return known(replyOfIntent(await run(), attempt.page !== null));
      } catch (error) {
        if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) throw error;
        return this.current(attempt);
      }
    });
  }

  private async current({ page, reference }: AttemptAt): Promise<ProviderReply> {
    if (page !== null) {
      const expand = ['payment_intent.latest_charge'];
      return known(replyOfSession(await this.stripe.checkout.sessions.retrieve(page, { expand })));
    }
    const intent = await this.stripe.paymentIntents.retrieve(reference ?? '', { expand: EXPAND });
    return known(replyOfIntent(intent, false));
  }

  /** Quick, but Stripe's index may be a minute late. */
  private async search({ attemptId }: AttemptAt): Promise<Stripe.PaymentIntent | undefined> {
    const query = `metadata['${METADATA.attempt}']:'${attemptId}'`;
    return (await this.stripe.paymentIntents.search({ query, limit: 1, expand: ['data.latest_charge'] })).data[0];
  }

  /** Never late, but long in a busy shop. */
  private async listed({ attemptId, createdAt }: AttemptAt): Promise<Stripe.PaymentIntent | undefined> {
    const at = Math.floor(createdAt.getTime() / 1000);
    const created = { gte: at - WINDOW_SECONDS, lte: at + WINDOW_SECONDS };
    for await (const intent of this.stripe.paymentIntents.list({
      created,
      limit: 100,
      expand: ['data.latest_charge'],
    })) {
      if (intent.metadata[METADATA.attempt] === attemptId) return intent;
    }
    return undefined;
  }

  private async refundOf(payment_intent: string, refundId: string): Promise<Stripe.Refund | undefined> {
    for await (const refund of this.stripe.refunds.list({ payment_intent, limit: 100 })) {
      if (refund.metadata?.[METADATA.refund] === refundId) return refund;
    }
    return undefined;
  }
}

function hostOf(apiUrl: string | undefined): Partial<Stripe.StripeConfig> {
  if (apiUrl === undefined) return {};
  const { hostname, port, protocol } = new URL(apiUrl);
  return { host: hostname, protocol: protocol === 'http:' ? 'http' : 'https', ...(port && { port }) };
}

const metadataOf = ({ customerId, orderId, attemptId }: AttemptAt): Record<string, string> => ({
  [METADATA.customer]: customerId,
  [METADATA.order]: orderId,
  [METADATA.attempt]: attemptId,
});

function stripeAmount(amount: number, currency: string): number {
  const converted = toStripeAmount(amount, currency);
  if (converted === undefined) throw new Error(`Stripe takes no ${amount} of ${currency}: it was to be refused before`);
  return converted;
}

function referenceOf({ attemptId, reference }: AttemptAt): string {
  if (reference === null) throw new Error(`Attempt ${attemptId} has no reference at the provider yet`);
  return reference;
}

/** Stripe says that it did nothing, and would not do it. */
const isInvalid = (error: unknown): error is Stripe.errors.StripeInvalidRequestError =>
  error instanceof Stripe.errors.StripeInvalidRequestError && [400, 404].includes(error.statusCode ?? 0);

/** A state of Stripe's that says nothing yet. */
function known(reply: ProviderReply | undefined): ProviderReply {
  if (!reply) throw new NoReply('The provider is still working on it', false, undefined);
  return reply;
}

/** Turns what means that nothing is known into NoReply. Any other error is a bug of ours or a wrong setting. */
async function asking<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof NoReply || !(error instanceof Stripe.errors.StripeError)) throw error;
    throw new NoReply(`The provider gave no reply: ${error.type}`, error.statusCode === 500, error);
  }
}
