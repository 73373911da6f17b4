import type { Promotion, QuoteProblem, ShopRules } from '@stoa/order-contract';
import type { Ineligible } from './eligibility.js';
import { holdsAt } from './period.js';

/** A code as it is stored. */
export const normalCode = (code: string): string => code.trim().toUpperCase();

const notForThisCart = (message: string): QuoteProblem => ({ code: 'COUPON_NOT_FOR_THIS_CART', message });

const PROBLEMS: Readonly<Record<Ineligible, QuoteProblem>> = {
  inactive: { code: 'COUPON_UNKNOWN', message: 'There is no such coupon.' },
  'not yet': { code: 'COUPON_NOT_YET', message: 'The coupon does not hold yet.' },
  over: { code: 'COUPON_OVER', message: 'The coupon does not hold any more.' },
  'used up': { code: 'COUPON_USED_UP', message: 'The coupon was used as often as it can be.' },
  currency: notForThisCart('The coupon is in another currency than the cart.'),
  goods: notForThisCart('The coupon is for none of the goods in the cart.'),
  minimum: notForThisCart('The goods that the coupon is for are less than it asks for.'),
  'not the first': notForThisCart('The coupon is for a first order only.'),
};

export const UNKNOWN_COUPON = PROBLEMS.inactive;

/** The promotion of a code: the one that holds now, if several had the code at different times. */
export function promotionOf(rules: ShopRules, code: string, now: Date): Promotion | undefined {
  const known = rules.promotions.filter((promotion) => promotion.code === normalCode(code) && promotion.active);
  return known.find((promotion) => holdsAt(promotion, now) === 'holds') ?? known[0];
}

/** The problem with the coupon that a shopper named. */
export const couponProblem = (reason: Ineligible): QuoteProblem => PROBLEMS[reason];
