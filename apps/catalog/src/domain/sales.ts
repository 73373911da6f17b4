import type { HeldLine } from '@stoa/catalog-contract';
import { changesOf, heldBy, sumBySku, type Hold, type Quantities } from './holding.js';

/** A report of the service order about an order. */
export type Reported =
  | { readonly what: 'placed'; readonly lines: readonly HeldLine[] }
  | { readonly what: 'refused' }
  | { readonly what: 'cancelled'; readonly lines: readonly HeldLine[] }
  | { readonly what: 'restocked'; readonly lines: readonly HeldLine[] };

/** The consequence for the order's hold and for its SKUs. */
export interface Settled {
  readonly status: Hold['status'];
  /** Of an order that is sold or ended: the pieces that are with the buyer. */
  readonly quantities: Quantities;
  readonly reserved: Quantities;
  readonly stock: Quantities;
}

const NONE: Quantities = new Map();
const negative = (quantities: Quantities): Quantities => new Map([...quantities].map(([sku, n]) => [sku, -n]));

/** Of `lines`, as much as is with the buyer: a piece goes back once. */
function backOf(sold: Quantities, lines: readonly HeldLine[]): Quantities {
  const back = new Map<string, number>();
  for (const [sku, quantity] of sumBySku(lines)) {
    const most = Math.min(quantity, sold.get(sku) ?? 0);
    if (most > 0) back.set(sku, most);
  }
  return back;
}

function lessOf(sold: Quantities, back: Quantities): Quantities {
  const left = new Map([...sold].map(([sku, quantity]) => [sku, quantity - (back.get(sku) ?? 0)]));
  for (const [sku, quantity] of left) if (quantity === 0) left.delete(sku);
  return left;
}

/** Settles what an order holds, or has, by what is reported of it; null: that changes nothing, or comes again. */
export function settle(hold: Hold | undefined, reported: Reported): Settled | null {
  const status = hold?.status ?? 'released';
  const freed = changesOf(heldBy(hold), NONE);
  if (status === 'ended') return null;
  if (status === 'sold') return settleSold(hold?.quantities ?? NONE, reported);
  switch (reported.what) {
    case 'placed': {
      const sold = sumBySku(reported.lines);
      return { status: 'sold', quantities: sold, reserved: freed, stock: negative(sold) };
    }
    case 'refused':
    case 'cancelled':
      return { status: 'ended', quantities: NONE, reserved: freed, stock: NONE };
    case 'restocked':
      return null;
  }
}

function settleSold(sold: Quantities, reported: Reported): Settled | null {
  if (reported.what === 'placed' || reported.what === 'refused') return null;
  const back = backOf(sold, reported.lines);
  const status = reported.what === 'cancelled' ? 'ended' : 'sold';
  return { status, quantities: lessOf(sold, back), reserved: NONE, stock: back };
}
