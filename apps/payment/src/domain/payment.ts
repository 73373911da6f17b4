/** The states of an attempt: a provider's word moves it forward, and nothing else does. */
export type AttemptStatus = 'unknown' | 'requires_action' | 'pending' | 'authorised' | 'failed' | 'voided' | 'captured';

/** Later states have a higher rank: what comes late changes nothing. */
export const RANK: Readonly<Record<AttemptStatus, number>> = {
  unknown: 0,
  requires_action: 1,
  pending: 1,
  authorised: 2,
  failed: 3,
  voided: 3,
  captured: 4,
};

export type Method = 'card' | 'transfer' | 'cash_on_delivery';

export interface Card {
  readonly brand: string;
  readonly last4: string;
}

/** An attempt to pay an order. */
export interface Attempt {
  readonly attemptId: string;
  readonly provider: 'stripe' | 'manual';
  readonly method: Method;
  /** Minor units of the payment's currency. */
  readonly amount: number;
  readonly status: AttemptStatus;
  readonly reason: string | null;
  /** The provider's id of what it made of this attempt, and of the page for it. */
  readonly reference: string | null;
  readonly page: string | null;
  readonly actionUrl: string | null;
  readonly card: Card | null;
  /** Whether the provider may still hold or take money for it. */
  readonly isOpen: boolean;
  /** Asked for by the order, and not yet done by the provider. */
  readonly wanted: 'capture' | 'void' | null;
  /** How much is to be captured, or was. */
  readonly captureAmount: number | null;
  readonly captured: number;
  /** Needed to ask the provider once more; null once it has replied. A token is no card. */
  readonly request: AttemptRequest | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** When the provider is asked next; null: nothing is to be asked. */
  readonly dueAt: Date | null;
  readonly tries: number;
}

export interface AttemptRequest {
  readonly token?: string | undefined;
  readonly returnUrl?: string | undefined;
}

export interface Refund {
  readonly refundId: string;
  readonly attemptId: string;
  readonly amount: number;
  readonly status: 'pending' | 'succeeded' | 'failed';
  readonly reason: string;
  readonly reference: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly dueAt: Date | null;
  readonly tries: number;
  /** How often the provider said that it failed: each gets another idempotency key. */
  readonly errors: number;
}

/** All that was tried, taken and given back for an order. */
export interface Payment {
  readonly customerId: string;
  readonly orderId: string;
  readonly currency: string;
  readonly attempts: readonly Attempt[];
  readonly refunds: readonly Refund[];
  readonly createdAt: Date;
}

/** Something that others are to hear of. */
export interface Changed {
  readonly attemptId: string;
  readonly refundId?: string;
  readonly reason?: string;
}

/** A payment's next state, and what to publish of it. */
export interface Change {
  readonly payment: Payment;
  readonly changed: readonly Changed[];
}

export const unchanged = (payment: Payment): Change => ({ payment, changed: [] });

const sum = (amounts: readonly number[]): number => amounts.reduce((total, amount) => total + amount, 0);

export interface Sums {
  readonly captured: number;
  readonly refunded: number;
  readonly pendingRefunds: number;
}

/** Sums of one attempt, or of all. */
export function sumsOf({ attempts, refunds }: Payment, attemptId?: string): Sums {
  const of = <T extends { readonly attemptId: string }>(all: readonly T[]): T[] =>
    all.filter((each) => attemptId === undefined || each.attemptId === attemptId);
  const refundsIn = (status: Refund['status']): number =>
    sum(
      of(refunds)
        .filter((refund) => refund.status === status)
        .map(({ amount }) => amount),
    );
  return {
    captured: sum(of(attempts).map(({ captured }) => captured)),
    refunded: refundsIn('succeeded'),
    pendingRefunds: refundsIn('pending'),
  };
}

export type PaymentStatus = AttemptStatus | 'partly_refunded' | 'refunded';

/** An attempt's state as others see it: with what was given back of it. */
export function statusOf(payment: Payment, attempt: Attempt): PaymentStatus {
  if (attempt.status !== 'captured') return attempt.status;
  const { captured, refunded } = sumsOf(payment, attempt.attemptId);
  if (refunded === 0) return 'captured';
  return refunded < captured ? 'partly_refunded' : 'refunded';
}

/** The attempt that a payment's state is about: one that took money, else one that holds it, else the newest. */
export function leadingAttempt({ attempts }: Payment): Attempt | undefined {
  const last = (status: AttemptStatus): Attempt | undefined => attempts.findLast((each) => each.status === status);
  return last('captured') ?? last('authorised') ?? attempts.at(-1);
}

export const attemptOf = ({ attempts }: Payment, attemptId: string): Attempt | undefined =>
  attempts.find((attempt) => attempt.attemptId === attemptId);

/** The payment with another version of one attempt. */
export function withAttempt(payment: Payment, next: Attempt): Payment {
  const attempts = payment.attempts.map((each) => (each.attemptId === next.attemptId ? next : each));
  return { ...payment, attempts };
}

/** The payment with another version of one refund. */
export function withRefund(payment: Payment, next: Refund): Payment {
  const refunds = payment.refunds.map((each) => (each.refundId === next.refundId ? next : each));
  return { ...payment, refunds };
}

/** Since when something is asked of a provider that it has not done; null: nothing is. */
export function unsettledSince({ attempts, refunds }: Payment): Date | null {
  const waiting = [
    ...attempts.filter(({ isOpen, wanted, status }) => isOpen && (wanted !== null || status === 'unknown')),
    ...refunds.filter(({ status }) => status === 'pending'),
  ];
  return waiting.map(({ updatedAt }) => updatedAt).toSorted((a, b) => a.getTime() - b.getTime())[0] ?? null;
}
