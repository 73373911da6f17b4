import type { FlowContext } from '@stoa/messaging';
import type { Command } from '@stoa/contract-kit';
import type { AuthoriseReply, PaymentDetails, PaymentState } from '@stoa/payment-contract';
import type { z } from 'zod';
import {
  attemptOf,
  leadingAttempt,
  statusOf,
  sumsOf,
  type Attempt,
  type Payment,
  type Refund,
} from '../domain/payment.js';

const sumsIn = (payment: Payment): Pick<PaymentState, 'captured' | 'refunded' | 'pendingRefunds'> => {
  const { currency } = payment;
  const { captured, refunded, pendingRefunds } = sumsOf(payment);
  return {
    captured: { amount: captured, currency },
    refunded: { amount: refunded, currency },
    pendingRefunds: { amount: pendingRefunds, currency },
  };
};

function needed(payment: Payment, attemptId?: string): Attempt {
  const attempt = attemptId === undefined ? leadingAttempt(payment) : attemptOf(payment, attemptId);
  if (!attempt) throw new Error(`The payment of order ${payment.orderId} lacks an attempt`);
  return attempt;
}

/** A payment as the order sees it, with the state of one attempt. */
export function stateOf(payment: Payment, attemptId?: string): PaymentState {
  const attempt = needed(payment, attemptId);
  const { customerId, orderId } = payment;
  return { customerId, orderId, attemptId: attempt.attemptId, status: statusOf(payment, attempt), ...sumsIn(payment) };
}

/** An attempt's outcome so far. */
export function replyOf(payment: Payment, id: string): z.output<typeof AuthoriseReply> {
  const { attemptId, status: known, wanted, actionUrl, reason, card } = needed(payment, id);
  // Nobody can use what the provider grants an attempt that is being voided.
  const status = known === 'authorised' && wanted === 'void' ? 'voided' : known;
  return {
    attemptId,
    status,
    ...(status === 'requires_action' && actionUrl !== null && { action: { url: actionUrl } }),
    ...(reason !== null && { reason }),
    ...(card && { card }),
  };
}

/** A payment as operators and its customer see it. */
export function detailsOf(payment: Payment): PaymentDetails {
  const leading = needed(payment);
  const { orderId, customerId, currency, attempts, refunds, createdAt } = payment;
  const latest = [...attempts, ...refunds].reduce((at, { updatedAt }) => (updatedAt > at ? updatedAt : at), createdAt);
  return {
    paymentId: orderId,
    customerId,
    status: statusOf(payment, leading),
    amount: { amount: leading.amount, currency },
    ...sumsIn(payment),
    createdAt: createdAt.toISOString(),
    updatedAt: latest.toISOString(),
    attempts: attempts.map((attempt) => attemptView(payment, attempt)),
    refunds: refunds.map((refund) => refundView(payment, refund)),
  };
}

function attemptView(payment: Payment, attempt: Attempt): PaymentDetails['attempts'][number] {
  const { attemptId, method, amount, captured, reason, wanted, reference, card, tries, createdAt, updatedAt } = attempt;
  const { currency } = payment;
  return {
    attemptId,
    method,
    status: statusOf(payment, attempt),
    amount: { amount, currency },
    captured: { amount: captured, currency },
    reason,
    wanted,
    reference,
    card,
    tries,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

function refundView({ currency }: Payment, refund: Refund): PaymentDetails['refunds'][number] {
  const { refundId, attemptId, status, amount, reason, reference, createdAt, updatedAt } = refund;
  return {
    refundId,
    attemptId,
    status,
    amount: { amount, currency },
    reason,
    reference,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

/** `fail` of a flow as the domain's rules take it. */
export const failing =
  <Code extends string>(context: Pick<FlowContext<Command>, 'fail'>) =>
  (code: Code, detail: string): never =>
    (context.fail as (code: string, detail: string) => never)(code, detail);
