import { cardOfToken, type TestCard } from '../cards/test-cards.js';
import { ApiError, invalid, missing } from '../http/errors.js';
import type { ParamReader } from '../http/form.js';
import { Ledger, nowInSeconds } from '../ledger/ledger.js';
import type { Intent, Internal } from '../ledger/objects.js';
import { checkedAmount, checkedCurrency } from './amounts.js';
import { emit, type Books } from './books.js';
import { cancelIntent, captureCharge, chargeCard } from './charges.js';

/** The status and body of a response. What was written stays, also where the response is an error. */
export interface ApiResponse {
  readonly status: number;
  readonly body: object;
  /** The same before `expand`. */
  readonly plain?: object;
}

export const done = (body: object): ApiResponse => ({ status: 200, body });

export interface NewIntent {
  readonly amount: number;
  readonly currency: string;
  readonly capture_method: 'automatic' | 'manual';
  readonly metadata: Record<string, string>;
  readonly description: string | null;
  readonly receipt_email: string | null;
}

export function makeIntent(books: Books, wanted: NewIntent, internal: Internal): Intent {
  const id = Ledger.newId('pi');
  const intent: Intent = {
    id,
    object: 'payment_intent',
    ...wanted,
    amount_capturable: 0,
    amount_received: 0,
    canceled_at: null,
    cancellation_reason: null,
    client_secret: `${id}_secret_${Ledger.newId('s').slice(2)}`,
    confirmation_method: 'automatic',
    created: nowInSeconds(),
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    next_action: null,
    payment_method: null,
    payment_method_types: ['card'],
    status: 'requires_payment_method',
  };
  books.ledger.insert(intent, internal);
  emit(books, 'payment_intent.created', intent, id);
  return intent;
}

/** POST /v1/payment_intents */
export function createIntent(books: Books, params: ParamReader): ApiResponse {
  const currency = checkedCurrency(params.required('currency'));
  const amount = params.integer('amount');
  if (amount === undefined) throw invalid('Missing required param: amount.', 'amount', 'parameter_missing');
  const wanted = {
    amount: checkedAmount(amount, currency),
    currency,
    capture_method: params.oneOf('capture_method', ['automatic', 'manual'] as const) ?? 'automatic',
    metadata: params.metadata(),
    description: params.text('description') ?? null,
    receipt_email: params.text('receipt_email') ?? null,
  };
  params.list('payment_method_types');
  params.object('automatic_payment_methods');
  const token = params.text('payment_method');
  const confirm = params.flag('confirm') ?? false;
  const returnUrl = params.text('return_url');
  params.end();
  const card = token === undefined ? undefined : cardOf(token);
  if (confirm && !card) throw invalid('You cannot confirm this PaymentIntent: it has no payment method', 'confirm');
  const intent = makeIntent(books, wanted, { faults: card?.faults ?? [], returnUrl: returnUrl ?? null });
  if (!card) return done(intent);
  if (!confirm) {
    intent.payment_method = card.token;
    intent.status = 'requires_confirmation';
    books.ledger.update(intent);
    return done(intent);
  }
  return confirmWith(books, intent, card, returnUrl);
}

/** POST /v1/payment_intents/{intent}/confirm */
export function confirmIntent(books: Books, intent: Intent, params: ParamReader): ApiResponse {
  const token = params.text('payment_method') ?? intent.payment_method ?? undefined;
  const returnUrl = params.text('return_url');
  params.end();
  if (!['requires_payment_method', 'requires_confirmation'].includes(intent.status))
    throw unexpected(intent, 'confirm');
  if (token === undefined) throw invalid('Missing required param: payment_method.', 'payment_method');
  const card = cardOf(token);
  const { ledger } = books;
  ledger.updateInternal(intent.id, {
    ...ledger.internal(intent.id),
    faults: card.faults ?? [],
    returnUrl: returnUrl ?? null,
  });
  return confirmWith(books, intent, card, returnUrl);
}

/** Charges, or asks for the shopper's approval. */
export function confirmWith(books: Books, intent: Intent, card: TestCard, returnUrl: string | undefined): ApiResponse {
  if (card.challenge) {
    intent.status = 'requires_action';
    intent.payment_method = card.token;
    const url = `${books.publicUrl}/3ds/${intent.id}`;
    intent.next_action = { type: 'redirect_to_url', redirect_to_url: { url, return_url: returnUrl ?? null } };
    books.ledger.update(intent);
    emit(books, 'payment_intent.requires_action', intent, intent.id);
    return done(intent);
  }
  return chargeCard(books, intent, card) ? done(intent) : { status: 402, body: declinedBody(intent) };
}

const declinedBody = (intent: Intent): object => ({
  error: { ...intent.last_payment_error, payment_intent: intent },
});

/** POST /v1/payment_intents/{intent}/capture */
export function captureIntent(books: Books, intent: Intent, params: ParamReader): ApiResponse {
  const amount = params.integer('amount_to_capture') ?? intent.amount_capturable;
  params.end();
  if (intent.status !== 'requires_capture') throw unexpected(intent, 'capture');
  checkedAmount(amount, intent.currency, 'amount_to_capture');
  if (amount > intent.amount_capturable) {
    throw invalid(
      `The amount to capture, ${amount}, is greater than the remaining ${intent.amount_capturable}.`,
      'amount_to_capture',
      'amount_too_large',
    );
  }
  captureCharge(books, intent, amount);
  return done(intent);
}

const CANCELLABLE = new Set([
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
  'requires_capture',
]);
const REASONS = ['abandoned', 'duplicate', 'fraudulent', 'requested_by_customer'] as const;

/** POST /v1/payment_intents/{intent}/cancel */
export function cancel(books: Books, intent: Intent, params: ParamReader): ApiResponse {
  const reason = params.oneOf('cancellation_reason', REASONS) ?? 'requested_by_customer';
  params.end();
  if (!CANCELLABLE.has(intent.status)) throw unexpected(intent, 'cancel');
  const { session } = books.ledger.internal(intent.id);
  if (session !== undefined && intent.status !== 'requires_capture') {
    throw invalid('You cannot cancel the PaymentIntent of an open Checkout Session: expire the session instead.');
  }
  cancelIntent(books, intent, reason);
  return done(intent);
}

export function cardOf(token: string): TestCard {
  const card = cardOfToken(token);
  if (!card) throw missing('PaymentMethod', token, 'payment_method');
  return card;
}

const unexpected = (intent: Intent, verb: string): ApiError =>
  new ApiError(400, {
    type: 'invalid_request_error',
    code: 'payment_intent_unexpected_state',
    message: `You cannot ${verb} this PaymentIntent because it has a status of ${intent.status}.`,
    payment_intent: intent,
  });
