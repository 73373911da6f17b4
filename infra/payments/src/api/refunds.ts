import { invalid } from '../http/errors.js';
import type { ParamReader } from '../http/form.js';
import { Ledger, nowInSeconds } from '../ledger/ledger.js';
import type { Charge, Intent, Refund } from '../ledger/objects.js';
import { checkedAmount } from './amounts.js';
import { emit, type Books } from './books.js';
import { done, type ApiResponse } from './intents.js';

const SLOW_MS = 2_000;
const REASONS = ['duplicate', 'fraudulent', 'requested_by_customer'] as const;

/** POST /v1/refunds */
export function createRefund(books: Books, params: ParamReader, intentOf: (id: string) => Intent): ApiResponse {
  const { ledger } = books;
  const intent = intentOf(params.required('payment_intent'));
  const charge = ledger.find<Charge>('charge', intent.latest_charge ?? '');
  const metadata = params.metadata();
  const reason = params.oneOf('reason', REASONS) ?? null;
  const wanted = params.integer('amount');
  params.end();
  if (!charge?.captured) throw invalid('This PaymentIntent does not have a successful charge to refund.');
  const left = charge.amount_captured - charge.amount_refunded;
  const amount = checkedAmount(wanted ?? left, intent.currency);
  if (amount > left) {
    const code = left === 0 ? 'charge_already_refunded' : 'refund_amount_too_large';
    throw invalid(`Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`, 'amount', code);
  }
  const refund: Refund = {
    id: Ledger.newId('re'),
    object: 'refund',
    amount,
    charge: charge.id,
    created: nowInSeconds(),
    currency: intent.currency,
    metadata,
    payment_intent: intent.id,
    reason,
    status: 'pending',
  };
  const faults = new Set([...books.faults, ...(ledger.internal(intent.id).faults ?? [])]);
  const slow = faults.has('refundPending') || faults.has('refundFails');
  if (!slow) refund.status = 'succeeded';
  ledger.insert(refund, { faults: faults.has('refundFails') ? ['refundFails'] : [] }, intent.id);
  reserve(books, charge, amount);
  emit(books, 'refund.created', refund, intent.id);
  emit(books, 'charge.refunded', charge, intent.id);
  if (slow) ledger.expireAt(refund.id, Date.now() + SLOW_MS);
  else ledger.move(intent.id, 'refund', amount, intent.currency);
  return done(refund);
}

/** Ends a refund that took its time. */
export function endRefund(books: Books, refund: Refund): void {
  const { ledger } = books;
  if (refund.status !== 'pending') return;
  const fails = ledger.internal(refund.id).faults?.includes('refundFails') ?? false;
  refund.status = fails ? 'failed' : 'succeeded';
  if (fails) {
    refund.failure_reason = 'lost_or_stolen_card';
    const charge = ledger.find<Charge>('charge', refund.charge);
    if (charge) reserve(books, charge, -refund.amount);
  } else {
    ledger.move(refund.payment_intent, 'refund', refund.amount, refund.currency);
  }
  ledger.update(refund);
  emit(books, fails ? 'refund.failed' : 'refund.updated', refund, refund.payment_intent);
}

function reserve({ ledger }: Books, charge: Charge, amount: number): void {
  charge.amount_refunded += amount;
  charge.refunded = charge.amount_refunded === charge.amount;
  ledger.update(charge);
}
