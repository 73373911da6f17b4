import { leaseFrom } from './begin-attempt.js';
import {
  attemptOf,
  sumsOf,
  unchanged,
  withRefund,
  type Attempt,
  type Change,
  type Payment,
  type Refund,
} from './payment.js';

export type RefundFailure = (
  code: 'REFUND_EXCEEDS_CAPTURE' | 'CURRENCY_MISMATCH' | 'REFUND_ID_REUSED',
  detail: string,
) => never;

/** A refund as the order asks for it. */
export interface NewRefund {
  readonly refundId: string;
  readonly amount: number;
  readonly currency: string;
  readonly reason: string;
}

/** As much of an attempt can still be given back. */
const remainderOf = (payment: Payment, attemptId: string): number => {
  const { captured, refunded, pendingRefunds } = sumsOf(payment, attemptId);
  return captured - refunded - pendingRefunds;
};

/** Notes a refund before the provider is asked. What is refunded and pending never exceeds what was captured. */
export function beginRefund(payment: Payment, wanted: NewRefund, now: Date, fail: RefundFailure): Change {
  const { refundId, amount, currency } = wanted;
  if (payment.currency !== currency) fail('CURRENCY_MISMATCH', `The order was paid in ${payment.currency}`);
  const known = payment.refunds.find((refund) => refund.refundId === refundId);
  if (known) {
    if (known.amount !== amount) fail('REFUND_ID_REUSED', 'There is another refund with this id');
    return unchanged(payment);
  }
  const from = payment.attempts.find(({ attemptId }) => remainderOf(payment, attemptId) >= amount);
  if (!from) {
    const left = Math.max(0, ...payment.attempts.map(({ attemptId }) => remainderOf(payment, attemptId)));
    return fail('REFUND_EXCEEDS_CAPTURE', `${left} can be refunded`);
  }
  return withNewRefund(payment, from, wanted, now);
}

function withNewRefund(
  payment: Payment,
  { attemptId, provider }: Attempt,
  { refundId, amount, reason }: Pick<NewRefund, 'refundId' | 'amount' | 'reason'>,
  now: Date,
  dueAt = leaseFrom(now),
): Change {
  // A payment by hand is given back by hand: by who asks for it.
  const isManual = provider === 'manual';
  const refund: Refund = {
    refundId,
    attemptId,
    amount,
    status: isManual ? 'succeeded' : 'pending',
    reason,
    reference: null,
    createdAt: now,
    updatedAt: now,
    dueAt: isManual ? null : dueAt,
    tries: 0,
    errors: 0,
  };
  return {
    payment: { ...payment, refunds: [...payment.refunds, refund] },
    changed: [{ attemptId, refundId, reason }],
  };
}

/** Money that was taken for an attempt which nobody wanted any more goes back: once, under the attempt's own id. */
export function surplusRefund({ payment, changed }: Change, attempt: Attempt, now: Date): Change {
  const { attemptId, captured } = attempt;
  if (payment.refunds.some(({ refundId }) => refundId === attemptId)) return { payment, changed };
  const wanted = { refundId: attemptId, amount: captured, reason: 'surplus' };
  const refunding = withNewRefund(payment, attempt, wanted, now, now);
  return { payment: refunding.payment, changed: [...changed, ...refunding.changed] };
}

/** A provider's word about a refund. */
export interface RefundReply {
  readonly status: 'pending' | 'succeeded' | 'failed';
  readonly reference?: string | undefined;
  readonly reason?: string | undefined;
}

const ORDER = { pending: 0, succeeded: 1, failed: 2 } as const;
const LONGEST_WAIT_MS = 60_000;

const dueAfter = (tries: number, now: Date): Date =>
  new Date(now.getTime() + Math.min(LONGEST_WAIT_MS, 1_000 * 2 ** Math.min(tries, 10)));

/** Takes a provider's word about a refund. A bank may send back what the provider had called done. */
export function applyRefundReply(payment: Payment, refundId: string, reply: RefundReply, now: Date): Change {
  const refund = payment.refunds.find((each) => each.refundId === refundId);
  if (!refund || !attemptOf(payment, refund.attemptId)) return unchanged(payment);
  const known = { ...refund, reference: reply.reference ?? refund.reference };
  if (ORDER[reply.status] <= ORDER[refund.status]) {
    const isPending = refund.status === 'pending';
    const tries = refund.tries + 1;
    return unchanged(withRefund(payment, isPending ? { ...known, tries, dueAt: dueAfter(tries, now) } : known));
  }
  const next: Refund = { ...known, status: reply.status, dueAt: null, updatedAt: now };
  const { attemptId } = refund;
  const reason = reply.status === 'failed' ? (reply.reason ?? 'refund_failed') : refund.reason;
  return { payment: withRefund(payment, next), changed: [{ attemptId, refundId, reason }] };
}

/** The provider did not respond: it is asked again. */
export function noRefundReply(payment: Payment, refundId: string, saysError: boolean, now: Date): Change {
  const next = applyRefundReply(payment, refundId, { status: 'pending' }, now).payment;
  const refund = next.refunds.find((each) => each.refundId === refundId);
  if (!refund || !saysError) return unchanged(next);
  return unchanged(withRefund(next, { ...refund, errors: refund.errors + 1 }));
}
