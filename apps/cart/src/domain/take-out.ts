import type { Line } from './cart.js';

/** The lines without what was ordered; what was added meanwhile stays. */
export function takeOut(lines: readonly Line[], ordered: readonly Line[]): readonly Line[] {
  const left = new Map<string, number>();
  for (const { sku, quantity } of ordered) left.set(sku, (left.get(sku) ?? 0) + quantity);
  return lines
    .map(({ sku, quantity }) => ({ sku, quantity: quantity - (left.get(sku) ?? 0) }))
    .filter(({ quantity }) => quantity > 0);
}
