import { voiding } from './begin-attempt.js';
import { attemptOf, unchanged, withAttempt, type Attempt, type Change, type Payment } from './payment.js';

export type ChangeFailure<Code extends string> = (code: Code, detail: string) => never;

const found = (payment: Payment, attemptId: string, fail: ChangeFailure<'NOT_FOUND'>): Attempt =>
  attemptOf(payment, attemptId) ?? fail('NOT_FOUND', 'There is no such attempt');

/** Notes that a part of what is held is to be taken: once. The rest is released. */
export function wantCapture(
  payment: Payment,
  { attemptId, amount, currency }: { readonly attemptId: string; readonly amount: number; readonly currency: string },
  now: Date,
  fail: ChangeFailure<'NOT_FOUND' | 'NOTHING_TO_CAPTURE' | 'CURRENCY_MISMATCH'>,
): Change {
  const attempt = found(payment, attemptId, fail);
  if (payment.currency !== currency) fail('CURRENCY_MISMATCH', `The order is paid in ${payment.currency}`);
  const isSame = attempt.captureAmount === amount;
  if (isSame && (attempt.wanted === 'capture' || attempt.status === 'captured')) return unchanged(payment);
  if (attempt.status !== 'authorised' || attempt.wanted !== null) {
    fail('NOTHING_TO_CAPTURE', `The attempt is ${attempt.wanted ?? attempt.status}`);
  }
  if (amount > attempt.amount) fail('NOTHING_TO_CAPTURE', `Only ${attempt.amount} are authorised`);
  const next: Attempt = { ...attempt, wanted: 'capture', captureAmount: amount, dueAt: now, tries: 0, updatedAt: now };
  return unchanged(withAttempt(payment, next));
}

/** Notes that what is held is to be released. What is over stays as it is. */
export function wantVoid(
  payment: Payment,
  { attemptId, reason }: { readonly attemptId: string; readonly reason: string },
  now: Date,
  fail: ChangeFailure<'NOT_FOUND' | 'ALREADY_CAPTURED'>,
): Change {
  const attempt = found(payment, attemptId, fail);
  if (attempt.status === 'captured' || attempt.wanted === 'capture') {
    fail('ALREADY_CAPTURED', 'The money was taken: refund it');
  }
  if (!attempt.isOpen || attempt.wanted === 'void') return unchanged(payment);
  const next = voiding(attempt, reason, now);
  const changed = next.status === attempt.status ? [] : [{ attemptId, reason }];
  return { payment: withAttempt(payment, next), changed };
}

/** The money of a payment by hand is there. */
export function markReceived(
  payment: Payment,
  { amount, currency }: { readonly amount: number; readonly currency: string },
  now: Date,
  fail: ChangeFailure<'NOT_AWAITED' | 'AMOUNT_MISMATCH' | 'CURRENCY_MISMATCH'>,
): Change {
  if (payment.currency !== currency) fail('CURRENCY_MISMATCH', `The order is paid in ${payment.currency}`);
  const attempt = payment.attempts.findLast(({ provider }) => provider === 'manual');
  if (!attempt) return fail('NOT_AWAITED', 'This order is not paid by hand');
  if (attempt.amount !== amount) fail('AMOUNT_MISMATCH', `${attempt.amount} are awaited`);
  if (attempt.status === 'captured') return unchanged(payment);
  if (attempt.status !== 'pending') fail('NOT_AWAITED', `The attempt is ${attempt.status}`);
  const next: Attempt = {
    ...attempt,
    status: 'captured',
    isOpen: false,
    captureAmount: amount,
    captured: amount,
    dueAt: null,
    updatedAt: now,
  };
  return { payment: withAttempt(payment, next), changed: [{ attemptId: attempt.attemptId }] };
}
