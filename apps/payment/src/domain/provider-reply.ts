import {
  attemptOf,
  RANK,
  unchanged,
  withAttempt,
  type Attempt,
  type Card,
  type Change,
  type Payment,
} from './payment.js';
import { surplusRefund } from './refunds.js';

/** A provider's word about an attempt: by a response, by an event, or when it is asked again. */
export interface ProviderReply {
  readonly status: 'requires_action' | 'authorised' | 'failed' | 'voided' | 'captured';
  readonly reason?: string | undefined;
  readonly reference?: string | undefined;
  readonly page?: string | undefined;
  readonly actionUrl?: string | undefined;
  readonly card?: Card | undefined;
  /** Of `captured`: how much. */
  readonly captured?: number | undefined;
}

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const LONGEST_WAIT = 60 * SECOND;

/** When the provider is asked next, if nothing is heard before: sooner while somebody waits. */
export function nextDue(attempt: Attempt, now: Date): Date | null {
  if (!attempt.isOpen || attempt.provider === 'manual') return null;
  const isAwaited = attempt.status === 'unknown' || attempt.wanted !== null;
  const first = isAwaited ? SECOND : 5 * SECOND;
  const backOff = Math.min(LONGEST_WAIT, first * 2 ** Math.min(attempt.tries, 10));
  const wait = attempt.status === 'authorised' && attempt.wanted === null && attempt.card ? HOUR : backOff;
  return new Date(now.getTime() + wait);
}

/**
 * Takes a provider's word. It moves an attempt forward only. Money that the provider holds for an attempt which is over
 * here is released; money that it took is given back as a surplus.
 */
export function applyReply(payment: Payment, attemptId: string, reply: ProviderReply, now: Date): Change {
  const attempt = attemptOf(payment, attemptId);
  // No provider has a say in what is paid by hand.
  if (attempt?.provider !== 'stripe') return unchanged(payment);
  const known = learn(attempt, reply);
  const isOver = attempt.status === 'failed' || attempt.status === 'voided';
  if (isOver && (reply.status === 'authorised' || reply.status === 'requires_action')) {
    const again = { ...known, isOpen: true, wanted: 'void' as const, dueAt: now, updatedAt: now };
    return unchanged(withAttempt(payment, again));
  }
  if (isOver && reply.status !== 'captured') {
    const closed = attempt.isOpen ? { ...known, isOpen: false, wanted: null, dueAt: null } : known;
    return unchanged(withAttempt(payment, closed));
  }
  if (!isForward(attempt, reply)) return unchanged(withAttempt(payment, rescheduled(known, attempt, now)));
  const next = moved(known, reply, now);
  // An order must not be placed by an attempt that is being voided.
  const isNews = next.status !== 'authorised' || next.wanted !== 'void';
  const change = {
    payment: withAttempt(payment, next),
    changed: isNews ? [{ attemptId, ...(next.reason !== null && { reason: next.reason }) }] : [],
  };
  const isSurplus = reply.status === 'captured' && (attempt.wanted === 'void' || isOver);
  return isSurplus ? surplusRefund(change, next, now) : change;
}

/** A provider that declines says nothing about what it granted before. */
function isForward({ status }: Attempt, reply: ProviderReply): boolean {
  if (reply.status === 'failed' && RANK[status] > RANK.requires_action) return false;
  return RANK[reply.status] > RANK[status];
}

function moved(attempt: Attempt, reply: ProviderReply, now: Date): Attempt {
  const { status } = reply;
  const isOpen = status === 'requires_action' || status === 'authorised';
  // One that is to be voided and failed meanwhile holds nothing: both are its end.
  const wanted = isOpen ? attempt.wanted : null;
  const next: Attempt = {
    ...attempt,
    status,
    isOpen,
    wanted,
    reason: reasonAfter(attempt, reply),
    captured: status === 'captured' ? (reply.captured ?? attempt.amount) : attempt.captured,
    captureAmount: status === 'captured' ? (attempt.captureAmount ?? reply.captured ?? null) : attempt.captureAmount,
    actionUrl: status === 'requires_action' ? attempt.actionUrl : null,
    request: null,
    tries: 0,
    updatedAt: now,
  };
  return { ...next, dueAt: wanted === null ? nextDue(next, now) : now };
}

/** Of what we asked for the reason is ours. */
function reasonAfter({ wanted, reason }: Attempt, reply: ProviderReply): string | null {
  if (reply.status === 'voided' && wanted === 'void') return reason;
  if (reply.status === 'authorised' || reply.status === 'requires_action') return reason;
  return reply.reason ?? null;
}

/** Ids and the card are kept whenever they are heard of. */
function learn(attempt: Attempt, { reference, page, actionUrl, card }: ProviderReply): Attempt {
  const learned: Attempt = {
    ...attempt,
    reference: reference ?? attempt.reference,
    page: page ?? attempt.page,
    actionUrl: actionUrl ?? attempt.actionUrl,
    card: card ?? attempt.card,
  };
  const isSame =
    learned.reference === attempt.reference &&
    learned.page === attempt.page &&
    learned.actionUrl === attempt.actionUrl &&
    learned.card === attempt.card;
  return isSame ? attempt : learned;
}

/** Nothing new was heard: the next question is later, unless this one was not the poller's. */
function rescheduled(known: Attempt, before: Attempt, now: Date): Attempt {
  const dueAt = nextDue(known, now);
  return known === before && dueAt === null && before.dueAt === null ? before : { ...known, dueAt };
}

/** Nothing is known of an attempt: the provider did not respond. */
export function noReply(payment: Payment, attemptId: string, now: Date): Change {
  const attempt = attemptOf(payment, attemptId);
  if (attempt?.provider !== 'stripe') return unchanged(payment);
  const tries = attempt.tries + 1;
  const next = { ...attempt, tries, dueAt: nextDue({ ...attempt, tries }, now) };
  const isNews = attempt.status === 'unknown' && attempt.tries === 0;
  return { payment: withAttempt(payment, next), changed: isNews ? [{ attemptId }] : [] };
}
