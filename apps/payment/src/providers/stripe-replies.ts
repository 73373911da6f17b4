import type { Stripe } from 'stripe';
import type { Card } from '../domain/payment.js';
import { fromStripeAmount } from '../domain/provider-amount.js';
import type { ProviderReply } from '../domain/provider-reply.js';
import type { RefundReply } from '../domain/refunds.js';

/** The keys under which Stripe keeps whose an object is. */
export const METADATA = { customer: 'customer_id', order: 'order_id', attempt: 'attempt_id', refund: 'refund_id' };

export const inShopUnits = (amount: number, currency: string): number =>
  fromStripeAmount(amount, currency.toUpperCase());

/** @param isOnPage the shopper gives a card on Stripe's page, and another one when the first is declined */
export function replyOfIntent(intent: Stripe.PaymentIntent, isOnPage: boolean): ProviderReply | undefined {
  const { id: reference, status, last_payment_error: error, cancellation_reason: cancelled } = intent;
  const card = cardOf(intent.latest_charge);
  const known = { reference, ...(card && { card }) };
  switch (status) {
    case 'requires_capture':
      return { ...known, status: 'authorised' };
    case 'succeeded':
      return { ...known, status: 'captured', captured: inShopUnits(intent.amount_received, intent.currency) };
    case 'canceled':
      return { ...known, status: 'voided', ...(cancelled === 'automatic' && { reason: 'expired' }) };
    case 'requires_action': {
      const actionUrl = isOnPage ? undefined : intent.next_action?.redirect_to_url?.url;
      return { ...known, status: 'requires_action', ...(actionUrl && { actionUrl }) };
    }
    case 'requires_payment_method':
      if (isOnPage) return { ...known, status: 'requires_action' };
      return error ? { ...known, status: 'failed', reason: reasonOf(error) } : undefined;
    default:
      return undefined;
  }
}

const reasonOf = ({ decline_code: decline, code }: Stripe.PaymentIntent.LastPaymentError): string =>
  decline ?? code ?? 'declined';

/** The brand and four digits: all that we hold of a card. */
function cardOf(charge: string | Stripe.Charge | null): Card | undefined {
  const card = typeof charge === 'object' ? charge?.payment_method_details?.card : undefined;
  return card?.last4 ? { brand: card.brand ?? 'unknown', last4: card.last4 } : undefined;
}

/** A page as it is: open, paid (then the intent says more), or over. */
export function replyOfSession(session: Stripe.Checkout.Session): ProviderReply | undefined {
  const { id: page, status, url, payment_intent: intent } = session;
  const paid = typeof intent === 'object' && intent ? replyOfIntent(intent, status === 'open') : undefined;
  const reference = typeof intent === 'string' ? intent : undefined;
  if (status === 'open') {
    return { status: 'requires_action', page, ...(url && { actionUrl: url }) };
  }
  if (status === 'expired') return { ...paid, status: 'voided', reason: 'expired', page };
  return paid
    ? { ...paid, page }
    : reference === undefined
      ? undefined
      : { status: 'requires_action', page, reference };
}

export function replyOfRefund({ id, status, failure_reason: why }: Stripe.Refund): RefundReply {
  if (status === 'succeeded') return { status, reference: id };
  if (status === 'failed' || status === 'canceled') return { status: 'failed', reference: id, reason: why ?? status };
  return { status: 'pending', reference: id };
}
