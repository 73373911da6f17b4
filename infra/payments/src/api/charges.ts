import type { TestCard } from '../cards/test-cards.js';
import { Ledger, nowInSeconds } from '../ledger/ledger.js';
import type { Charge, Intent } from '../ledger/objects.js';
import { changed, emit, type Books } from './books.js';

const SEVEN_DAYS_MS = 7 * 24 * 3_600_000;
const EXPIRES_SOON_MS = 2_000;

/** Reserves an intent's amount on a card, or notes that the bank declined. @returns false when it declined */
export function chargeCard(books: Books, intent: Intent, card: TestCard): boolean {
  const { ledger } = books;
  const charge = chargeOf(intent, card);
  ledger.insert(charge, {}, intent.id);
  intent.latest_charge = charge.id;
  intent.payment_method = card.token;
  intent.next_action = null;
  if (card.decline) {
    intent.status = 'requires_payment_method';
    intent.last_payment_error = { type: 'card_error', charge: charge.id, ...card.decline };
    emit(books, 'charge.failed', charge, intent.id);
    changed(books, intent, 'payment_intent.payment_failed');
    return false;
  }
  intent.last_payment_error = null;
  ledger.move(intent.id, 'authorise', intent.amount, intent.currency);
  emit(books, 'charge.succeeded', charge, intent.id);
  if (intent.capture_method === 'automatic') {
    captureCharge(books, intent, intent.amount);
    return true;
  }
  intent.status = 'requires_capture';
  intent.amount_capturable = intent.amount;
  const soon = books.faults.has('expires') || ledger.internal(intent.id).faults?.includes('expires');
  ledger.expireAt(intent.id, Date.now() + (soon ? EXPIRES_SOON_MS : SEVEN_DAYS_MS));
  changed(books, intent, 'payment_intent.amount_capturable_updated');
  return true;
}

/** Takes a part of what is reserved; the rest is released. */
export function captureCharge(books: Books, intent: Intent, amount: number): void {
  const { ledger } = books;
  const charge = ledger.find<Charge>('charge', intent.latest_charge ?? '');
  if (!charge) throw new Error(`${intent.id} has no charge to capture`);
  charge.captured = true;
  charge.amount_captured = amount;
  ledger.update(charge);
  ledger.move(intent.id, 'capture', amount, intent.currency);
  if (amount < intent.amount) ledger.move(intent.id, 'release', intent.amount - amount, intent.currency);
  intent.status = 'succeeded';
  intent.amount_capturable = 0;
  intent.amount_received = amount;
  emit(books, 'charge.captured', charge, intent.id);
  changed(books, intent, 'payment_intent.succeeded');
}

/** Ends an intent that took no money. */
export function cancelIntent(books: Books, intent: Intent, reason: string): void {
  if (intent.status === 'requires_capture') {
    books.ledger.move(intent.id, 'release', intent.amount_capturable, intent.currency);
  }
  intent.status = 'canceled';
  intent.amount_capturable = 0;
  intent.canceled_at = nowInSeconds();
  intent.cancellation_reason = reason;
  intent.next_action = null;
  changed(books, intent, 'payment_intent.canceled');
}

function chargeOf(intent: Intent, card: TestCard): Charge {
  return {
    id: Ledger.newId('ch'),
    object: 'charge',
    amount: intent.amount,
    amount_captured: 0,
    amount_refunded: 0,
    billing_details: { address: null, email: intent.receipt_email, name: null, phone: null, tax_id: null },
    captured: false,
    created: nowInSeconds(),
    currency: intent.currency,
    disputed: false,
    failure_code: card.decline?.code ?? null,
    failure_message: card.decline?.message ?? null,
    livemode: false,
    metadata: intent.metadata,
    paid: !card.decline,
    payment_intent: intent.id,
    payment_method: card.token,
    payment_method_details: {
      type: 'card',
      card: {
        brand: card.brand,
        last4: card.number.slice(-4),
        exp_month: 12,
        exp_year: 2099,
        funding: 'credit',
        country: 'US',
      },
    },
    refunded: false,
    status: card.decline ? 'failed' : 'succeeded',
  };
}
