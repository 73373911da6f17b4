import type { Quote, RefundPart, RefundRequest, RefundSplit } from '@stoa/order-contract';
import { allocate, sum } from '../pricing/money.js';
import { amountOf, leftOf, partByAmount, partByPieces, takeOff, type Left } from './left.js';

/** Why a refund is refused. */
export interface NotRefundable {
  readonly refused: 'NOTHING_TO_REFUND' | 'REFUND_EXCEEDS_LEFT' | 'NOT_ORDERED';
  readonly detail: string;
}

class Refused extends Error {
  constructor(readonly reason: NotRefundable) {
    super(reason.detail);
  }
}

const refuse = (refused: NotRefundable['refused'], detail: string): never => {
  throw new Refused({ refused, detail });
};

/** Pieces of a SKU, from the first of its lines that has some left. */
function piecesOf(quote: Quote, left: readonly Left[], sku: string, quantity: number): RefundPart[] {
  const ofSku = left.filter(({ line }) => line !== null && quote.lines[line]?.sku === sku);
  if (ofSku.length === 0) refuse('NOT_ORDERED', `${sku} was not ordered.`);
  const most = sum(ofSku.map((each) => each.quantity));
  if (quantity > most) refuse('REFUND_EXCEEDS_LEFT', `Of ${sku} ${most} pieces are left to be refunded.`);
  let wanted = quantity;
  return ofSku.flatMap((each) => {
    const pieces = Math.min(wanted, each.quantity);
    wanted -= pieces;
    return pieces > 0 ? [partByPieces(each, pieces)] : [];
  });
}

function shippingPart(left: readonly Left[], wanted: 'all' | number): RefundPart[] {
  const shipping = left.find(({ line }) => line === null);
  const most = shipping ? amountOf(shipping) : 0;
  const amount = wanted === 'all' ? most : wanted;
  if (amount > most) refuse('REFUND_EXCEEDS_LEFT', `Of the shipping ${most} is left to be refunded.`);
  return shipping && amount > 0 ? [partByAmount(shipping, amount)] : [];
}

/** An amount over all that is left, in proportion. */
function amountParts(left: readonly Left[], amount: number): RefundPart[] {
  const weights = left.map(amountOf);
  const most = sum(weights);
  if (amount > most) refuse('REFUND_EXCEEDS_LEFT', `Of the order ${most} is left to be refunded.`);
  return allocate(amount, weights).flatMap((share, n) => (share > 0 ? [partByAmount(left[n]!, share)] : []));
}

function split(quote: Quote, before: readonly Left[], { lines, shipping, amount }: RefundRequest): RefundPart[] {
  let left = before;
  const parts: RefundPart[] = [];
  const add = (more: readonly RefundPart[]): void => {
    parts.push(...more);
    left = takeOff(left, more);
  };
  for (const { sku, quantity } of lines) add(piecesOf(quote, left, sku, quantity));
  if (shipping !== undefined) add(shippingPart(left, shipping));
  if (amount !== undefined) add(amountParts(left, amount));
  return parts;
}

/**
 * Splits a refund over what is left of an order, to the unit.
 * @param refundable what was captured of the order and did not go back
 */
export function planRefund(
  quote: Quote,
  refunds: readonly RefundSplit[],
  request: RefundRequest,
  refundable: number,
): RefundSplit | NotRefundable {
  try {
    const parts = split(quote, leftOf(quote, refunds), request);
    const amount = sum(parts.map((part) => part.amount));
    if (amount === 0) refuse('NOTHING_TO_REFUND', 'This is no money.');
    if (amount > refundable) refuse('REFUND_EXCEEDS_LEFT', `Of what was paid ${refundable} is left.`);
    return { amount, parts };
  } catch (error) {
    if (error instanceof Refused) return error.reason;
    throw error;
  }
}
