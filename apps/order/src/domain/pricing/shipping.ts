import type { OfferedShipping, ShippingMethod, ShopRules } from '@stoa/order-contract';
import { zoneOf, type Place } from './areas.js';

/** The goods to be shipped: those that need it. */
export interface Parcel {
  readonly grams: number;
  readonly pieces: number;
  /** Their cost, discounts taken off. */
  readonly amount: number;
  readonly currency: string;
}

/** Why a method can't be chosen. */
export type NotOffered = 'elsewhere' | 'currency' | 'too much';

const measureOf = ({ by }: ShippingMethod, { grams, pieces, amount }: Parcel): number =>
  ({ weight: grams, pieces, price: amount })[by];

/** The price of a method for a parcel, or why there is none. `place` is unknown before there is an address. */
export function shippingPrice(
  rules: ShopRules,
  method: ShippingMethod,
  parcel: Parcel,
  place: Place | undefined,
): number | NotOffered {
  if (method.currency !== parcel.currency) return 'currency';
  if (method.kind === 'delivery') {
    const zone = place && zoneOf(rules.shippingZones, place);
    if (zone === undefined || zone.id !== method.zone) return 'elsewhere';
  }
  const step = method.steps.find(({ upTo }) => upTo === null || measureOf(method, parcel) <= upTo);
  if (!step) return 'too much';
  return method.freeFrom !== null && parcel.amount >= method.freeFrom ? 0 : step.price;
}

/** The ways to get a parcel that can be chosen, the cheapest first. */
export function offeredShipping(rules: ShopRules, parcel: Parcel, place: Place | undefined): OfferedShipping[] {
  const offered: OfferedShipping[] = [];
  for (const method of rules.shippingMethods) {
    if (!method.active) continue;
    const price = shippingPrice(rules, method, parcel, place);
    if (typeof price !== 'number') continue;
    const { id, name, description, kind, currency } = method;
    offered.push({ method: id, name, description, kind, price, currency });
  }
  return offered.toSorted((a, b) => a.price - b.price || (a.method < b.method ? -1 : 1));
}
