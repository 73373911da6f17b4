import type { Promotion } from '@stoa/order-contract';
import type { Basket, PricedProduct } from './basket.js';
import { sum } from './money.js';
import { holdsAt } from './period.js';

/** The one who buys, as far as known. */
export interface Shopper {
  readonly customerId: string;
  /** Whether an order of theirs was placed before. */
  readonly hasOrdered: boolean;
}

/** How often promotions with limits were given already, as far as it was looked up: by counter. */
export type UseCounts = ReadonlyMap<string, { readonly inAll: number; readonly byCustomer: number }>;

/** Why a promotion isn't given. */
export type Ineligible =
  | 'inactive'
  | 'not yet'
  | 'over'
  | 'used up'
  | 'currency'
  | 'goods'
  | 'minimum'
  | 'not the first';

/** The key that uses of a promotion are counted by: a code that another promotion comes to have is counted anew. */
export const counterOf = ({ id, code }: Promotion): string =>
  code === null ? `promotion:${id}` : `code:${code}:${id}`;

export const isLimited = ({ limit, limitPerCustomer }: Promotion): boolean =>
  limit !== null || limitPerCustomer !== null;

function isOn({ on }: Promotion, { product, sku, category, tags }: PricedProduct): boolean {
  const named = on.products.length + on.skus.length + on.categories.length + on.tags.length;
  return (
    named === 0 ||
    on.products.includes(product) ||
    on.skus.includes(sku) ||
    on.categories.includes(category) ||
    on.tags.some((tag) => tags.includes(tag))
  );
}

/** The lines that a promotion is on, by their places in the basket. */
export const targetsOf = (promotion: Promotion, { lines }: Basket): number[] =>
  lines.flatMap(({ product }, n) => (isOn(promotion, product) ? [n] : []));

/** Money that a promotion names. */
const amountsOf = ({ effect, minimum }: Promotion): { readonly currency: string }[] =>
  [effect.kind === 'amount' ? effect.amount : null, minimum.amount].filter((each) => each !== null);

/** Whether a promotion was given as often as it can be, in all or to one customer. */
export function isUsedUp(promotion: Promotion, counts: UseCounts): boolean {
  const used = counts.get(counterOf(promotion)) ?? { inAll: 0, byCustomer: 0 };
  const { limit, limitPerCustomer } = promotion;
  return (limit !== null && used.inAll >= limit) || (limitPerCustomer !== null && used.byCustomer >= limitPerCustomer);
}

/** Why a promotion isn't given for a basket; undefined: it is. */
export function ineligible(
  promotion: Promotion,
  basket: Basket,
  shopper: Shopper,
  counts: UseCounts,
  now: Date,
): Ineligible | undefined {
  if (!promotion.active) return 'inactive';
  const holds = holdsAt(promotion, now);
  if (holds !== 'holds') return holds;
  if (isUsedUp(promotion, counts)) return 'used up';
  if (promotion.firstOrder && shopper.hasOrdered) return 'not the first';
  if (amountsOf(promotion).some(({ currency }) => currency !== basket.currency)) return 'currency';
  const lines = targetsOf(promotion, basket).map((n) => basket.lines[n]!);
  if (lines.length === 0) return 'goods';
  const { amount, pieces } = promotion.minimum;
  if (amount !== null && sum(lines.map(({ price }) => price)) < amount.amount) return 'minimum';
  if (pieces !== null && sum(lines.map(({ quantity }) => quantity)) < pieces) return 'minimum';
  return undefined;
}
