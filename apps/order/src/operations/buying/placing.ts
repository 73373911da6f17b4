import { catalog } from '@stoa/catalog-contract';
import { OperationError } from '@stoa/contract-kit';
import type { FlowContext } from '@stoa/messaging';
import {
  HOLD_SECONDS,
  order,
  type Attempt,
  type CancelReason,
  type Order,
  type PaymentMethod,
} from '@stoa/order-contract';
import { payment } from '@stoa/payment-contract';

/** The steps that placing an order, paying it once more, and finishing it have in common. */
type Context = Pick<FlowContext<never>, 'step' | 'call'>;

const isCode = (error: unknown, ...codes: readonly string[]): error is OperationError =>
  error instanceof OperationError && codes.includes(error.code);

const ofOrder = ({ customerId, orderId }: Order) => ({ customerId, orderId });

const holdOf = ({ orderId, lines }: Order) => ({
  orderId,
  lines: lines.map(({ sku, quantity }) => ({ sku, quantity })),
  holdSeconds: HOLD_SECONDS,
});

/** Ends an order that comes to nothing, and refuses with why. @throws the error, unless the order was placed already */
async function refuse(context: Context, of: Order, reason: CancelReason, why: OperationError): Promise<Order> {
  const ended = await context.step(`refuse ${reason}`, order.decideOrder, { ...ofOrder(of), refuse: reason });
  if (ended.status === 'cancelled') throw why;
  return ended;
}

/**
 * Holds the goods and coupons of an order.
 * @returns the order, where it was placed meanwhile and nothing is to be held
 * @throws OperationError INSUFFICIENT_STOCK, COUPON_USED_UP
 */
export async function hold(context: Context, of: Order): Promise<Order | undefined> {
  try {
    await context.call('hold', catalog.holdStock, holdOf(of));
    for (const { counter, promotion } of of.quote.uses) {
      const use = { counter, promotion, ...ofOrder(of), holdSeconds: HOLD_SECONDS };
      await context.step(`hold ${counter}`, order.holdCoupon, use);
    }
    return undefined;
  } catch (error) {
    return endFor(context, of, error);
  }
}

/** Ends the order where its goods or coupons can't be had; throws what else happened. */
async function endFor(context: Context, of: Order, error: unknown): Promise<Order> {
  if (isCode(error, 'INSUFFICIENT_STOCK', 'UNKNOWN_SKU', 'ORDER_ENDED')) {
    const details = { details: error.details ?? {} };
    const why = new OperationError('INSUFFICIENT_STOCK', 'There is not enough of something in stock', details);
    return refuse(context, of, 'out_of_stock', why);
  }
  if (isCode(error, 'COUPON_USED_UP', 'COUPON_UNKNOWN', 'HOLD_EXPIRED')) {
    return refuse(context, of, 'coupon_used_up', new OperationError('COUPON_USED_UP', 'The coupon is used up'));
  }
  throw error;
}

/** Reasons of payment against an attempt: the order goes on, and may be paid another way. */
const ATTEMPT_ERRORS = [
  'CURRENCY_MISMATCH',
  'ALREADY_PAID',
  'ATTEMPT_UNSETTLED',
  'ATTEMPT_ID_REUSED',
  'METHOD_UNAVAILABLE',
  'AMOUNT_UNSUPPORTED',
] as const;

interface Reply {
  readonly status: Attempt['status'];
  readonly action?: { readonly url: string } | undefined;
  readonly reason?: string | undefined;
}

/** Makes an attempt to pay, and places the order if that went well. */
export async function pay(context: Context, of: Order, attemptId: string, method: PaymentMethod): Promise<Order> {
  const { email, total } = of;
  const request = { ...ofOrder(of), attemptId, amount: total, method, ...(email !== null && { email }) };
  let reply: Reply;
  try {
    reply = await context.call('authorise', payment.authorise, request);
  } catch (error) {
    if (!isCode(error, ...ATTEMPT_ERRORS)) throw error;
    reply = { status: 'failed', reason: error.code };
  }
  const { status, action, reason } = reply;
  const news = { ...ofOrder(of), attemptId, status, action, reason };
  // Asked again, payment may know more than an earlier run heard: that is another step.
  const step = `hear ${JSON.stringify([status, reason, action?.url])}`;
  const heard = await context.step(step, order.recordPayment, news);
  // An event may have been quicker than the reply.
  const now = heard.attempts.find((attempt) => attempt.attemptId === attemptId)?.status ?? status;
  const isPlaceable = now === 'authorised' || now === 'captured';
  return isPlaceable || (now === 'pending' && method.provider === 'manual') ? finish(context, heard) : heard;
}

/** Confirms what is held, and decides. Before any money is taken. */
export async function finish(context: Context, of: Order): Promise<Order> {
  try {
    await confirmStock(context, of);
    for (const { counter } of of.quote.uses) {
      await context.step(`confirm ${counter}`, order.confirmCoupon, { counter, orderId: of.orderId });
    }
  } catch (error) {
    return endFor(context, of, error);
  }
  return context.step('decide', order.decideOrder, { ...ofOrder(of), refuse: null });
}

async function confirmStock(context: Context, of: Order): Promise<void> {
  const { orderId } = of;
  try {
    await context.call('confirm', catalog.confirmHold, { orderId });
  } catch (error) {
    if (!isCode(error, 'HOLD_EXPIRED')) throw error;
    await context.call('hold again', catalog.holdStock, holdOf(of));
    await context.call('confirm again', catalog.confirmHold, { orderId });
  }
}
