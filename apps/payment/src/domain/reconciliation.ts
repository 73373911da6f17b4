import type { PaymentDetails } from '@stoa/payment-contract';

/** An attempt as the provider's books have it. */
export interface BookedAttempt {
  readonly attemptId: string;
  readonly status: string;
  readonly currency: string;
  readonly captured: number;
  readonly refunded: number;
}

/** Something that one of the two books has, and the other has not. */
export interface Difference {
  readonly paymentId: string;
  readonly what: string;
  readonly here: string;
  readonly there: string;
}

const OVER = new Set(['failed', 'voided']);

const total = <T>(all: readonly T[], of: (each: T) => number): number => all.reduce((sum, each) => sum + of(each), 0);

/** Compares a payment with the provider's books, to the unit. What was paid by hand is none of the provider's. */
export function compareBooks(
  paymentId: string,
  here: PaymentDetails | undefined,
  there: readonly BookedAttempt[],
): Difference[] {
  const attempts = (here?.attempts ?? []).filter(({ method }) => method === 'card');
  const ids = new Set(attempts.map(({ attemptId }) => attemptId));
  const refunds = (here?.refunds ?? []).filter(({ attemptId, status }) => ids.has(attemptId) && status === 'succeeded');
  const compared: [string, string | number, string | number][] = [
    ['captured', total(attempts, ({ captured }) => captured.amount), total(there, ({ captured }) => captured)],
    ['refunded', total(refunds, ({ amount }) => amount.amount), total(there, ({ refunded }) => refunded)],
    ...there.map(({ currency }): [string, string, string] => ['currency', here?.amount.currency ?? currency, currency]),
    ...there.flatMap(({ attemptId, status }): [string, string, string][] => {
      const own = attempts.find((attempt) => attempt.attemptId === attemptId);
      const isHeld = status === 'authorised' && (!own || OVER.has(own.status));
      return isHeld ? [[`attempt ${attemptId}`, own?.status ?? 'unknown here', 'still held']] : [];
    }),
  ];
  return compared
    .filter(([, ours, theirs]) => ours !== theirs)
    .map(([what, ours, theirs]) => ({ paymentId, what, here: String(ours), there: String(theirs) }));
}
