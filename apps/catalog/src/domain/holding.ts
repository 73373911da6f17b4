import type { HeldLine, ShortLine } from '@stoa/catalog-contract';
import { MIN_STOCK } from '@stoa/catalog-contract';

/** So many by SKU, none of them 0. */
export type Quantities = ReadonlyMap<string, number>;

/** The order's side of a hold: see the table's comment for the status. */
export interface Hold {
  readonly status: 'held' | 'confirmed' | 'sold' | 'released' | 'ended';
  readonly quantities: Quantities;
  readonly until: Date;
  /** By the database's clock. */
  readonly isOver: boolean;
}

/** How much of a SKU there is, and how much of that orders hold. */
export interface Level {
  readonly stock: number;
  reserved: number;
  readonly oversell: boolean;
  /** Its product is shown and sold. */
  readonly active: boolean;
}

export type Levels = Map<string, Level>;

/** The same SKU in two lines counts together. */
export function sumBySku(lines: readonly HeldLine[]): Quantities {
  const sums = new Map<string, number>();
  for (const { sku, quantity } of lines) sums.set(sku, (sums.get(sku) ?? 0) + quantity);
  return sums;
}

/** The pieces that an order holds at this moment: none any more once it is sold, released or ended. */
export const heldBy = (hold: Hold | undefined): Quantities =>
  hold?.status === 'held' || hold?.status === 'confirmed' ? hold.quantities : new Map();

/** By how much each SKU's reserved pieces change when `after` replaces `before`. */
export function changesOf(before: Quantities, after: Quantities): Quantities {
  const changes = new Map([...after].map(([sku, quantity]) => [sku, quantity - (before.get(sku) ?? 0)]));
  for (const [sku, quantity] of before) if (!after.has(sku)) changes.set(sku, -quantity);
  for (const [sku, change] of changes) if (change === 0) changes.delete(sku);
  return changes;
}

/** Pieces that can be held: without a bound but that of numbers where the variant is sold when there are none. */
export const availableOf = ({ stock, reserved, oversell }: Level): number =>
  oversell ? stock - reserved - MIN_STOCK : Math.max(0, stock - reserved);

/** How a try to hold ends. */
export type Outcome =
  | { readonly kind: 'held'; readonly changes: Quantities }
  | { readonly kind: 'unknown'; readonly sku: string }
  | { readonly kind: 'short'; readonly lines: readonly ShortLine[] };

/**
 * Replaces what an order holds by what it wants, all or none, and takes it from `levels`, so that whoever is decided
 * next from the same levels gets what is left. What the order holds already counts as available to it.
 */
export function takeHold(levels: Levels, held: Quantities, wanted: Quantities): Outcome {
  const short: ShortLine[] = [];
  for (const [sku, quantity] of wanted) {
    const level = levels.get(sku);
    if (!level?.active) return { kind: 'unknown', sku };
    const available = availableOf(level) + (held.get(sku) ?? 0);
    if (quantity > available) short.push({ sku, wanted: quantity, available });
  }
  if (short.length > 0) return { kind: 'short', lines: short };
  const changes = changesOf(held, wanted);
  reserve(levels, changes);
  return { kind: 'held', changes };
}

/** Brings changes of what is reserved into `levels`. SKUs that are not sold any more have none. */
export function reserve(levels: Levels, changes: Quantities): void {
  for (const [sku, change] of changes) {
    const level = levels.get(sku);
    if (level) level.reserved += change;
  }
}
