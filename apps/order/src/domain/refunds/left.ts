import type { Quote, QuoteTax, RefundPart, RefundSplit } from '@stoa/order-contract';
import { allocate, sum } from '../pricing/money.js';

/** The rest of one line or of the shipping: net and taxes, and pieces that did not come back. */
export interface Left {
  /** The line's place in the quote; null: the shipping. */
  readonly line: number | null;
  readonly quantity: number;
  readonly net: number;
  readonly taxes: readonly QuoteTax[];
}

export const amountOf = ({ net, taxes }: Pick<Left, 'net' | 'taxes'>): number =>
  net + sum(taxes.map(({ amount }) => amount));

/** Net first, then each tax: an amount is split over them, in proportion, so that none comes below 0. */
const componentsOf = ({ net, taxes }: Left): number[] => [net, ...taxes.map(({ amount }) => amount)];

function partOf(left: Left, components: readonly number[]): RefundPart {
  const taxes = left.taxes.map((tax, n) => ({ ...tax, amount: components[n + 1]! }));
  return { line: left.line, quantity: 0, amount: sum(components), net: components[0]!, taxes };
}

/** Of an amount over equal pieces, split by largest remainder: the share of the first of them. */
const shareOf = (amount: number, pieces: number, first: number): number =>
  first * Math.floor(amount / pieces) + Math.min(first, amount % pieces);

/** An amount of what is left, in proportion to net and taxes; at most all of it. */
export const partByAmount = (left: Left, amount: number): RefundPart =>
  partOf(left, allocate(amount, componentsOf(left)));

/** The share of some pieces in what is left of their line; the last pieces take all of it. */
export const partByPieces = (left: Left, quantity: number): RefundPart => ({
  ...partByAmount(left, shareOf(amountOf(left), left.quantity, quantity)),
  quantity,
});

function without(left: Left, part: RefundPart): Left {
  return {
    line: left.line,
    quantity: left.quantity - part.quantity,
    net: left.net - part.net,
    taxes: left.taxes.map((tax, n) => ({ ...tax, amount: tax.amount - part.taxes[n]!.amount })),
  };
}

/** Takes parts off what is left. */
export const takeOff = (left: readonly Left[], parts: readonly RefundPart[]): Left[] =>
  left.map((each) => parts.filter(({ line }) => line === each.line).reduce(without, each));

/** The rest of an order behind its refunds: its lines in their order, then the shipping. */
export function leftOf(quote: Quote, refunds: readonly RefundSplit[]): Left[] {
  const lines = quote.lines.map(({ quantity, net, taxes }, line): Left => ({ line, quantity, net, taxes }));
  const { shipping } = quote;
  const all = shipping ? [...lines, { line: null, quantity: 0, net: shipping.net, taxes: shipping.taxes }] : lines;
  return takeOff(
    all,
    refunds.flatMap(({ parts }) => parts),
  );
}
