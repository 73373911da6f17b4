import type { Stripe } from 'stripe';
import type { ProviderEvent } from './provider.js';
import { METADATA, replyOfIntent, replyOfRefund, replyOfSession } from './stripe-replies.js';

type Owner = Pick<ProviderEvent, 'customerId' | 'orderId' | 'attemptId'>;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The owner of an object; undefined: it is not of this shop. */
export function ownerOf(metadata: Stripe.Metadata | null): Owner | undefined {
  const [customerId, orderId, attemptId] = [METADATA.customer, METADATA.order, METADATA.attempt].map(
    (key) => metadata?.[key],
  );
  if (!customerId || !orderId || !attemptId) return undefined;
  return [customerId, orderId, attemptId].every((id) => UUID.test(id)) ? { customerId, orderId, attemptId } : undefined;
}

/** Reads an event whose signature is right. @returns undefined: it is about nothing that concerns us */
export function eventOf(event: Stripe.Event): ProviderEvent | undefined {
  const { id: eventId, type } = event;
  if (type.startsWith('payment_intent.')) {
    const intent = event.data.object as Stripe.PaymentIntent;
    const owner = ownerOf(intent.metadata);
    return owner && { eventId, type, ...owner, reply: replyOfIntent(intent, isOnPage(intent)) };
  }
  if (type.startsWith('checkout.session.')) {
    const session = event.data.object as Stripe.Checkout.Session;
    const owner = ownerOf(session.metadata);
    return owner && { eventId, type, ...owner, reply: replyOfSession(session) };
  }
  if (type.startsWith('refund.')) {
    const refund = event.data.object as Stripe.Refund;
    const owner = ownerOf(refund.metadata);
    const refundId = refund.metadata?.[METADATA.refund];
    return owner && refundId
      ? { eventId, type, ...owner, refund: { refundId, reply: replyOfRefund(refund) } }
      : undefined;
  }
  return undefined;
}

/** Noted when the page was made. */
const isOnPage = ({ metadata }: Stripe.PaymentIntent): boolean => metadata['method'] === 'page';
