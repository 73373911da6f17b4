import type { Discounting } from './basket.js';
import { sum } from './money.js';
import type { Parcel } from './shipping.js';

/** The lines that need shipping, discounts taken off. */
export function parcelOf(state: Discounting): Parcel & { readonly needsShipping: boolean } {
  const { lines, currency } = state.basket;
  const shipped = lines.flatMap(({ product }, n) => (product.requiresShipping ? [n] : []));
  const total = (of: (n: number) => number): number => sum(shipped.map(of));
  return {
    needsShipping: shipped.length > 0,
    grams: total((n) => lines[n]!.product.grams * lines[n]!.quantity),
    pieces: total((n) => lines[n]!.quantity),
    amount: total(state.leftOf),
    currency,
  };
}
