import { MAX_LINES, MAX_QUANTITY } from '@stoa/cart-contract';
import type { Line, Products } from './cart.js';
import { currencyOf } from './pricing.js';

/**
 * The lines of a cart after another's were added, as far as they fit: quantities stop at the most that a cart holds of
 * one SKU, new SKUs at the most that it holds at all. What is there stays, also where a clone with a larger limit put
 * it in. SKUs that are not sold any more, or in another currency, are left out. Nobody could act on an error, so there
 * is none.
 */
export function mergeLines(
  lines: readonly Line[],
  added: readonly Line[],
  products: Products,
): { readonly lines: readonly Line[]; readonly merged: number } {
  const quantities = new Map(lines.map((line) => [line.sku, line.quantity]));
  const currency = currencyOf([...lines, ...added], products);
  let merged = 0;
  for (const { sku, quantity } of added) {
    const product = products.get(sku);
    if (!product?.sold || (currency !== undefined && product.price.currency !== currency)) continue;
    const before = quantities.get(sku) ?? 0;
    if (before === 0 && quantities.size >= MAX_LINES) continue;
    const after = Math.min(MAX_QUANTITY, before + quantity);
    if (after <= before) continue;
    quantities.set(sku, after);
    merged += 1;
  }
  return { lines: [...quantities].map(([sku, quantity]) => ({ sku, quantity })), merged };
}
