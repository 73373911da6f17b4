import type { Attempt, AttemptRequest, Change, Method, Payment } from './payment.js';

/** An attempt as the order asks for it. */
export interface NewAttempt {
  readonly attemptId: string;
  readonly amount: number;
  readonly currency: string;
  readonly method: Method;
  readonly request: AttemptRequest;
}

export type BeginFailure = (
  code: 'CURRENCY_MISMATCH' | 'ALREADY_PAID' | 'ATTEMPT_UNSETTLED' | 'ATTEMPT_ID_REUSED',
  detail: string,
) => never;

/** A clone that died while it asked leaves the attempt to the poller after so long. */
const LEASE_MS = 15_000;

export const leaseFrom = (now: Date): Date => new Date(now.getTime() + LEASE_MS);

/**
 * Notes an attempt before the provider is asked. Older ones that are still open are to be voided. Nobody pays twice:
 * where the order is paid, or may be, there is no new attempt.
 */
export function beginAttempt(payment: Payment, wanted: NewAttempt, now: Date, fail: BeginFailure): Change {
  const known = payment.attempts.find(({ attemptId }) => attemptId === wanted.attemptId);
  if (payment.currency !== wanted.currency) fail('CURRENCY_MISMATCH', `The order is paid in ${payment.currency}`);
  if (known) {
    if (known.amount !== wanted.amount || known.method !== wanted.method) {
      fail('ATTEMPT_ID_REUSED', 'There is another attempt with this id');
    }
    return { payment, changed: [] };
  }
  for (const { attemptId, status, wanted: next } of payment.attempts) {
    if (next === 'void') continue;
    if (status === 'authorised' || status === 'captured') fail('ALREADY_PAID', `Attempt ${attemptId} is ${status}`);
    if (status === 'unknown') fail('ATTEMPT_UNSETTLED', `The provider has not said yet how attempt ${attemptId} ended`);
  }
  const superseded = payment.attempts.map((attempt) => supersede(attempt, now));
  const changed = superseded.flatMap(({ attemptId, status, reason }, n) =>
    status === payment.attempts[n]?.status ? [] : [{ attemptId, ...(reason !== null && { reason }) }],
  );
  return { payment: { ...payment, attempts: [...superseded, newAttempt(wanted, now)] }, changed };
}

function supersede(attempt: Attempt, now: Date): Attempt {
  if (!attempt.isOpen || attempt.wanted === 'void') return attempt;
  return voiding(attempt, 'superseded', now);
}

/** A payment by hand is voided by saying so; a provider is asked. */
export function voiding(attempt: Attempt, reason: string, now: Date): Attempt {
  if (attempt.provider === 'manual') {
    return { ...attempt, status: 'voided', isOpen: false, reason, dueAt: null, updatedAt: now };
  }
  return { ...attempt, wanted: 'void', reason, dueAt: now, tries: 0, updatedAt: now };
}

function newAttempt({ attemptId, amount, method, request }: NewAttempt, now: Date): Attempt {
  const isCard = method === 'card';
  return {
    attemptId,
    provider: isCard ? 'stripe' : 'manual',
    method,
    amount,
    status: isCard ? 'unknown' : 'pending',
    reason: null,
    reference: null,
    page: null,
    actionUrl: null,
    card: null,
    isOpen: true,
    wanted: null,
    captureAmount: null,
    captured: 0,
    request: isCard ? request : null,
    createdAt: now,
    updatedAt: now,
    dueAt: isCard ? leaseFrom(now) : null,
    tries: 0,
  };
}
