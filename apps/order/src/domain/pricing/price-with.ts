import type {
  Promotion,
  Quote,
  QuoteDiscount,
  QuoteLine,
  QuoteShipping,
  QuoteTax,
  ShippingMethod,
  ShopRules,
} from '@stoa/order-contract';
import type { Place } from './areas.js';
import type { PlacedLine } from './basket-of.js';
import type { Basket } from './basket.js';
import { sum } from './money.js';
import { parcelOf } from './parcel.js';
import { discounted, freeShippingOf } from './promotions.js';
import { shippingPrice } from './shipping.js';
import { UNTAXED, type Taxation, type Taxed } from './tax.js';

/** The inputs that are the same for all promotions that are tried. */
export interface Pricing {
  readonly rules: ShopRules;
  readonly basket: Omit<Basket, 'lines'> & { readonly lines: readonly PlacedLine[] };
  readonly taxation: Taxation;
  readonly address: Place | undefined;
  /** The method that was chosen, if it can be. */
  readonly method?: ShippingMethod | undefined;
}

interface Charge extends Taxed {
  readonly price: number;
  readonly discounts: QuoteDiscount[];
  readonly amount: number;
  readonly taxClass: string;
  readonly taxes: QuoteTax[];
}

function chargeOf(price: number, discounts: readonly QuoteDiscount[], taxClass: string, taxation: Taxation): Charge {
  const amount = price - sum(discounts.map((discount) => discount.amount));
  const taxed = taxation.of(amount, taxClass);
  return { price, discounts: [...discounts], amount, taxClass, ...taxed, taxes: [...taxed.taxes] };
}

function lineOf(
  { product, quantity, price }: PlacedLine,
  discounts: readonly QuoteDiscount[],
  taxation: Taxation,
): QuoteLine {
  const { sku, title, imageUrl, requiresShipping, taxable, taxClass } = product;
  const charge = chargeOf(price, discounts, taxable ? taxClass : UNTAXED, taxation);
  const unitPrice = product.price.amount;
  return { sku, product: product.product, title, imageUrl, quantity, unitPrice, requiresShipping, ...charge };
}

function shippingOf(
  price: number,
  { id, version, name, kind, taxClass }: ShippingMethod,
  free: Promotion | undefined,
  taxation: Taxation,
): QuoteShipping {
  const discounts =
    free && price > 0
      ? [{ promotion: free.id, version: free.version, code: free.code, name: free.name, amount: price }]
      : [];
  return { method: id, version, name, kind, ...chargeOf(price, discounts, taxClass, taxation) };
}

/** Sums by some id, in the order in which the ids come first. */
function summed<Part extends { readonly amount: number }>(
  parts: readonly Part[],
  idOf: (part: Part) => string,
): Part[] {
  const byId = new Map<string, Part>();
  for (const part of parts) {
    const known = byId.get(idOf(part));
    byId.set(idOf(part), known ? { ...known, amount: known.amount + part.amount } : part);
  }
  return [...byId.values()];
}

type Parts = Pick<Quote, 'lines' | 'shipping' | 'needsShipping' | 'discounts' | 'taxes' | 'tax' | 'net' | 'total'>;

/** The cost of a basket with these promotions, and its parts. */
export function priceWith(
  { rules, basket, taxation, address, method }: Pricing,
  promotions: readonly Promotion[],
): Parts {
  const state = discounted(basket, promotions);
  const placed = basket.lines
    .map((line, n) => ({ place: line.place, line: lineOf(line, state.discounts[n]!, taxation) }))
    .toSorted((a, b) => a.place - b.place);
  const { needsShipping, ...parcel } = parcelOf(state);
  const shippingCost = method && needsShipping ? shippingPrice(rules, method, parcel, address) : undefined;
  const shipping =
    method && typeof shippingCost === 'number'
      ? shippingOf(shippingCost, method, freeShippingOf(promotions), taxation)
      : null;
  const lines = placed.map(({ line }) => line);
  const charges: readonly Charge[] = shipping ? [...lines, shipping] : lines;
  return {
    lines,
    shipping,
    needsShipping,
    discounts: summed(
      charges.flatMap(({ discounts }) => discounts),
      ({ promotion }) => promotion,
    ),
    taxes: summed(
      charges.flatMap(({ taxes }) => taxes),
      ({ rate }) => rate,
    ),
    tax: sum(charges.map(({ tax }) => tax)),
    net: sum(charges.map(({ net }) => net)),
    total: sum(charges.map(({ total }) => total)),
  };
}
