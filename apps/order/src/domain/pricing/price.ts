import type { OfferedShipping, Promotion, Quote, QuoteProblem, ShippingMethod, ShopRules } from '@stoa/order-contract';
import type { Place } from './areas.js';
import { basketOf } from './basket-of.js';
import type { CartLine, PricedProduct } from './basket.js';
import { couponProblem, normalCode, promotionOf, UNKNOWN_COUPON } from './coupon.js';
import { counterOf, ineligible, isLimited, type Shopper, type UseCounts } from './eligibility.js';
import { alternatives, discounted } from './promotions.js';
import { priceWith, type Pricing } from './price-with.js';
import { parcelOf } from './parcel.js';
import { offeredShipping, shippingPrice, type NotOffered } from './shipping.js';
import { sum } from './money.js';
import { taxationOf } from './tax.js';

/** All that a price depends on. */
export interface PriceInput {
  readonly lines: readonly CartLine[];
  readonly products: ReadonlyMap<string, PricedProduct>;
  readonly shopper: Shopper;
  /** Where the goods go; the place of billing where nothing is shipped. */
  readonly address?: Place | undefined;
  /** The id of a shipping method. */
  readonly shippingMethod?: string | undefined;
  readonly coupon?: string | undefined;
  /** How often promotions were given, where that was looked up. Holding them when an order is placed decides. */
  readonly useCounts?: UseCounts;
  readonly rules: ShopRules;
  readonly now: Date;
}

const UNAVAILABLE: Readonly<Record<NotOffered, string>> = {
  elsewhere: 'does not go to this address',
  currency: 'is not offered in the currency of the cart',
  'too much': 'does not take so much',
};

const noted = (code: QuoteProblem['code'], message: string): readonly QuoteProblem[] => [{ code, message }];

/** The method that was chosen, if it can be, and what is wrong with the choice. */
function chosenMethod(
  { rules, shippingMethod, address }: PriceInput,
  pricing: Omit<Pricing, 'method'>,
  promotions: readonly Promotion[],
): { readonly method?: ShippingMethod; readonly problems: readonly QuoteProblem[] } {
  const { needsShipping, ...parcel } = parcelOf(discounted(pricing.basket, promotions));
  if (!needsShipping) return { problems: [] };
  const noAddress = noted('ADDRESS_MISSING', 'There is no address that the goods can go to.');
  if (shippingMethod === undefined) {
    const missing = noted('SHIPPING_METHOD_MISSING', 'No shipping method is chosen.');
    return { problems: address ? missing : [...noAddress, ...missing] };
  }
  const method = rules.shippingMethods.find(({ id, active }) => id === shippingMethod && active);
  if (!method) return { problems: noted('SHIPPING_METHOD_UNKNOWN', 'There is no such shipping method.') };
  if (method.kind === 'delivery' && !address) return { problems: noAddress };
  const cost = shippingPrice(rules, method, parcel, address);
  return typeof cost === 'number'
    ? { method, problems: [] }
    : { problems: noted('SHIPPING_METHOD_UNAVAILABLE', `${method.name} ${UNAVAILABLE[cost]}.`) };
}

/** The promotions that can be given, and what is wrong with the coupon. */
function eligiblePromotions(
  { rules, shopper, coupon, useCounts = new Map(), now }: PriceInput,
  { basket }: Pick<Pricing, 'basket'>,
): { readonly given: readonly Promotion[]; readonly ofCoupon?: Promotion; readonly problem?: QuoteProblem } {
  const reasonOf = (promotion: Promotion) => ineligible(promotion, basket, shopper, useCounts, now);
  const automatic = rules.promotions.filter((promotion) => promotion.code === null && !reasonOf(promotion));
  if (coupon === undefined) return { given: automatic };
  const ofCoupon = promotionOf(rules, coupon, now);
  if (!ofCoupon) return { given: automatic, problem: UNKNOWN_COUPON };
  const reason = reasonOf(ofCoupon);
  if (reason) return { given: automatic, problem: couponProblem(reason) };
  return { given: [...automatic, ofCoupon], ofCoupon };
}

function pricingOf(input: PriceInput): { pricing: Omit<Pricing, 'method'>; problems: QuoteProblem[] } {
  const { rules, shopper, address, shippingMethod, now } = input;
  const { settings } = rules;
  const { basket, problems } = basketOf(input.lines, input.products, settings.currency);
  const ofShop = { country: settings.country, region: settings.region, postalCode: settings.postalCode };
  const isPickup = rules.shippingMethods.some(({ id, kind }) => id === shippingMethod && kind === 'pickup');
  const taxation = taxationOf(rules, (isPickup ? undefined : address) ?? ofShop, shopper.customerId, now);
  return { pricing: { rules, basket, taxation, address }, problems };
}

/**
 * The price of a cart by the shop's rules: a pure function that asks nobody. Of promotions that don't combine, the set
 * is given by which the shopper pays least.
 */
export function price(input: PriceInput): Quote {
  const { pricing, problems } = pricingOf(input);
  const { given, ofCoupon, problem } = eligiblePromotions(input, pricing);
  const priced = alternatives(given).map((promotions) => {
    const chosen = chosenMethod(input, pricing, promotions);
    return { promotions, chosen, parts: priceWith({ ...pricing, method: chosen.method }, promotions) };
  });
  const best = priced.reduce((a, b) => (b.parts.total < a.parts.total ? b : a));
  // Promotions that take nothing off now, such as free shipping without a method, are not counted.
  const gives = new Set(best.parts.discounts.map(({ promotion }) => promotion));
  const { code } = ofCoupon ?? { code: input.coupon === undefined ? null : normalCode(input.coupon) };
  return {
    currency: pricing.basket.currency,
    rulesVersion: input.rules.version,
    pricedAt: input.now.toISOString(),
    prices: pricing.taxation.prices,
    taxZone: pricing.taxation.zone?.id ?? null,
    exemption: pricing.taxation.exemption,
    coupon: code === null ? null : { code, applied: ofCoupon !== undefined && gives.has(ofCoupon.id) },
    uses: best.promotions
      .filter((promotion) => isLimited(promotion) && gives.has(promotion.id))
      .map((promotion) => ({ counter: counterOf(promotion), promotion: promotion.id, code: promotion.code })),
    goods: sum(pricing.basket.lines.map((line) => line.price)),
    ...best.parts,
    problems: [...problems, ...(problem ? [problem] : []), ...best.chosen.problems],
  };
}

/** The shipping methods that can be chosen for a cart, each with its price; none where nothing needs shipping. */
export function shippingMethodsOf(input: PriceInput): OfferedShipping[] {
  const { pricing } = pricingOf(input);
  const { given } = eligiblePromotions(input, pricing);
  const [combining = []] = alternatives(given);
  const { needsShipping, ...parcel } = parcelOf(discounted(pricing.basket, combining));
  return needsShipping ? offeredShipping(input.rules, parcel, input.address) : [];
}
