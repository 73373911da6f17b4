import type { Promotion } from '@stoa/order-contract';
import { Discounting, type Basket } from './basket.js';
import { targetsOf } from './eligibility.js';
import { millionths, roundHalfUp, WHOLE } from './money.js';

type Effect<Kind extends Promotion['effect']['kind']> = Extract<Promotion['effect'], { readonly kind: Kind }>;

/** Of `take` pieces `pay` are paid: the cheapest of all are free, for each full number of `take`. */
function takeOffPieces(
  promotion: Promotion,
  { take, pay }: Effect<'x_for_y'>,
  state: Discounting,
  targets: readonly number[],
): void {
  const lineOf = (n: number) => state.basket.lines[n]!;
  const pieces = targets.reduce((total, n) => total + lineOf(n).quantity, 0);
  let free = Math.floor(pieces / take) * (take - pay);
  for (const n of targets.toSorted(
    (a, b) => lineOf(a).product.price.amount - lineOf(b).product.price.amount || a - b,
  )) {
    const { quantity } = lineOf(n);
    const freeOfLine = Math.min(free, quantity);
    free -= freeOfLine;
    state.takeOffLine(promotion, roundHalfUp(BigInt(state.leftOf(n)) * BigInt(freeOfLine), BigInt(quantity)), n);
  }
}

function apply(promotion: Promotion, state: Discounting): void {
  const { effect } = promotion;
  const targets = targetsOf(promotion, state.basket);
  if (effect.kind === 'percent') {
    const left = state.leftOfAll(targets);
    state.takeOff(promotion, roundHalfUp(BigInt(left) * millionths(effect.percent), WHOLE), targets);
  } else if (effect.kind === 'amount') {
    state.takeOff(promotion, effect.amount.amount, targets);
  } else if (effect.kind === 'x_for_y') {
    takeOffPieces(promotion, effect, state, targets);
  }
}

const inOrder = (a: Promotion, b: Promotion): number => a.priority - b.priority || (a.id < b.id ? -1 : 1);

/** The discounts of some promotions on a basket, taken off in their order. */
export function discounted(basket: Basket, promotions: readonly Promotion[]): Discounting {
  const state = new Discounting(basket);
  for (const promotion of promotions.toSorted(inOrder)) apply(promotion, state);
  return state;
}

/** The first promotion that makes shipping free. */
export const freeShippingOf = (promotions: readonly Promotion[]): Promotion | undefined =>
  promotions.toSorted(inOrder).find(({ effect }) => effect.kind === 'free_shipping');

/** Sets of promotions that may be given together: all that combine, or one of the others alone. */
export function alternatives(promotions: readonly Promotion[]): (readonly Promotion[])[] {
  const combining = promotions.filter(({ combines }) => combines);
  const alone = promotions.filter(({ combines }) => !combines).map((promotion) => [promotion]);
  return [combining, ...alone];
}
