import type { Stripe } from 'stripe';
import type { ProviderBooks } from './provider.js';
import { ownerOf } from './stripe-events.js';
import { inShopUnits, replyOfIntent } from './stripe-replies.js';

const seconds = (at: Date): number => Math.floor(at.getTime() / 1000);

/** All intents of a time that are ours, with what was refunded of each. */
export async function* booksOf(stripe: Stripe, from: Date, until: Date): AsyncGenerator<ProviderBooks> {
  const created = { gte: seconds(from), lte: seconds(until) };
  for await (const intent of stripe.paymentIntents.list({ created, limit: 100 })) {
    const book = await bookOf(stripe, intent);
    if (book) yield book;
  }
}

export async function bookOf(stripe: Stripe, intent: Stripe.PaymentIntent): Promise<ProviderBooks | undefined> {
  const owner = ownerOf(intent.metadata);
  const reply = replyOfIntent(intent, intent.metadata['method'] === 'page');
  if (!owner || !reply) return undefined;
  const refunded = intent.status === 'succeeded' ? await refundedOf(stripe, intent.id) : 0;
  return {
    ...owner,
    reference: intent.id,
    status: reply.status,
    currency: intent.currency.toUpperCase(),
    captured: inShopUnits(intent.amount_received, intent.currency),
    refunded: inShopUnits(refunded, intent.currency),
  };
}

/** A refund that failed gave nothing back; one that is pending has not yet. */
async function refundedOf(stripe: Stripe, payment_intent: string): Promise<number> {
  let sum = 0;
  for await (const { status, amount } of stripe.refunds.list({ payment_intent, limit: 100 })) {
    if (status === 'succeeded') sum += amount;
  }
  return sum;
}
