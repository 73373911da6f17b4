import { MAX_ATTEMPTS, type Attempt, type CancelReason, type PaymentMethod } from '@stoa/order-contract';
import { holdsMoney, next, type Doing, type OrderState } from './order-state.js';
import type { Refuse } from './refuse.js';

/** Per attempt, states only move to a higher rank: what comes late, or again, changes nothing. */
const RANK: Readonly<Record<Attempt['status'], number>> = {
  pending: 0,
  // The provider is asked until it says how it ended.
  unknown: 0.5,
  requires_action: 1,
  // A provider may let a shopper try again within one attempt.
  failed: 2,
  authorised: 3,
  voided: 4,
  captured: 5,
  partly_refunded: 6,
  refunded: 7,
};

/** News of an attempt from payment, by its reply or by an event. Amounts are of all attempts, and only grow. */
export interface PaymentNews {
  readonly attemptId: string;
  readonly status: Attempt['status'];
  readonly action?: { readonly url: string } | undefined;
  readonly reason?: string | undefined;
  readonly captured?: number;
  readonly refunded?: number;
}

/** An order with a further attempt to pay it. */
export function addAttempt(
  order: OrderState,
  attemptId: string,
  method: PaymentMethod,
  doing: Doing,
  refuse: Refuse<'NOT_PAYABLE' | 'HOLD_EXPIRED'>,
): OrderState {
  if (order.attempts.some((attempt) => attempt.attemptId === attemptId)) return order;
  if (order.status !== 'placing') return refuse('NOT_PAYABLE', `This order is ${order.status}`);
  if (order.attempts.some(holdsMoney)) return refuse('NOT_PAYABLE', 'This order is being paid already');
  if (order.attempts.length >= MAX_ATTEMPTS) return refuse('NOT_PAYABLE', `After ${MAX_ATTEMPTS} attempts`);
  if (order.holdUntil && order.holdUntil <= doing.at) {
    return refuse('HOLD_EXPIRED', 'Its goods are not held any more: check out again');
  }
  const attempt: Attempt = {
    attemptId,
    provider: method.provider,
    kind: method.provider === 'manual' ? method.kind : null,
    status: 'pending',
    action: null,
    reason: null,
  };
  return next(order, doing, 'payment_attempted', { attempts: [...order.attempts, attempt] }, method.provider);
}

function moved(attempt: Attempt, news: PaymentNews): Attempt {
  if (RANK[news.status] <= RANK[attempt.status]) return attempt;
  return { ...attempt, status: news.status, reason: news.reason ?? null, action: news.action ?? null };
}

/** The order after news of a payment; the same object where they say nothing new. */
export function hearOfPayment(order: OrderState, news: PaymentNews, doing: Doing): OrderState {
  const before = order.attempts.find(({ attemptId }) => attemptId === news.attemptId);
  if (!before) return order;
  const after = moved(before, news);
  const captured = Math.max(order.captured, news.captured ?? 0);
  const refunded = Math.max(order.refunded, news.refunded ?? 0);
  if (before === after && captured === order.captured && refunded === order.refunded) return order;
  const attempts = order.attempts.map((attempt) => (attempt === before ? after : attempt));
  return next(order, doing, `payment_${news.status}`, { attempts, captured, refunded }, news.reason ?? null);
}

/** The attempt that an order can be placed with: authorised, or one that waits for money by design. */
export const payingAttempt = ({ attempts }: OrderState): Attempt | undefined =>
  attempts.find(({ status }) => status === 'authorised' || status === 'captured') ??
  attempts.findLast(({ provider, status }) => provider === 'manual' && status === 'pending');

/** The one decision: an order that was being placed is bought. Others stay as they are. */
export function place(
  order: OrderState,
  dueAt: (attempt: Attempt | undefined) => Date | null,
  doing: Doing,
): OrderState {
  const attempt = payingAttempt(order);
  if (order.status !== 'placing' || (!attempt && order.quote.total > 0)) return order;
  const placed = { status: 'placed', placedAt: doing.at, paidBy: attempt?.attemptId ?? null } as const;
  return next(order, doing, 'placed', { ...placed, holdUntil: dueAt(attempt) });
}

/** The other decision: an order that was being placed came to nothing. Others stay as they are. */
export function refuseOrder(order: OrderState, cancelReason: CancelReason, doing: Doing): OrderState {
  if (order.status !== 'placing') return order;
  return cancelled(order, cancelReason, doing, cancelReason, 'refused');
}

/** An order that nobody shipped is cancelled; one that is cancelled stays so. */
export function cancel(
  order: OrderState,
  cancelReason: CancelReason,
  detail: string | null,
  doing: Doing,
  refuse: Refuse<'NOT_CANCELLABLE'>,
): OrderState {
  if (order.status === 'cancelled') return order;
  if (order.status === 'completed' || order.lines.some(({ shipped }) => shipped > 0)) {
    return refuse('NOT_CANCELLABLE', 'Some of this order was shipped: goods can be sent back instead');
  }
  return cancelled(order, cancelReason, doing, detail ?? cancelReason);
}

const cancelled = (
  order: OrderState,
  cancelReason: CancelReason,
  doing: Doing,
  detail: string = cancelReason,
  what = 'cancelled',
): OrderState => next(order, doing, what, { status: 'cancelled', cancelReason, holdUntil: null }, detail);

/** Whether an order that waits for money waited long enough, or its hold ended. */
export const isOverdue = (order: OrderState, now: Date): boolean =>
  order.holdUntil !== null && order.holdUntil <= now && (order.status === 'placing' || !isPaid(order));

const isPaid = (order: OrderState): boolean => order.quote.total === 0 || order.attempts.some(holdsMoney);

/**
 * The attempts that may hold money which the shop is not to have: all of an order that came to nothing, or was
 * cancelled; of one that was bought, all but the one that it was placed with.
 */
export const openAttempts = ({ status, attempts, paidBy }: OrderState): readonly Attempt[] =>
  status === 'placing'
    ? []
    : attempts.filter(
        (attempt) =>
          attempt.status !== 'failed' &&
          RANK[attempt.status] <= RANK.authorised &&
          (status === 'cancelled' || attempt.attemptId !== paidBy),
      );

/** An order that was bought by an attempt which ended before any money was taken: nobody will pay it any more. */
export function cancelUnpaid(order: OrderState, doing: Doing): OrderState {
  const paying = order.attempts.find(({ attemptId }) => attemptId === order.paidBy);
  const isOver = paying?.status === 'voided' || paying?.status === 'failed';
  const isKept = order.captured > 0 || order.lines.some(({ shipped }) => shipped > 0);
  if (order.status !== 'placed' || !isOver || isKept) return order;
  return cancelled(order, 'not_paid_in_time', doing);
}
