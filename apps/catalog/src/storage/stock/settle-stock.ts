import type { Sql } from '@stoa/postgres';
import type { Content } from '../../domain/product.js';
import { StockHeld } from '../variant-writes.js';
import { lockVariants } from './lock-variants.js';
import { recordMovements, type Movement, type MovementOrigin } from './movements.js';

/** A product's change, as far as its stock is concerned. */
interface Change {
  readonly before: { readonly content: Content } | null;
  readonly after: Content | null;
}

/**
 * Locks the variants of products that are about to be written, and gives the stock that each is to have: what was sold
 * since the product was read is taken off what the writer says. Records how each stock moves.
 * @throws StockHeld: orders hold more than that, or some of a variant that would go
 */
export async function settleStock(
  tx: Sql,
  changes: readonly Change[],
  origin: MovementOrigin,
): Promise<ReadonlyMap<string, number>> {
  const before = new Map(
    changes.flatMap((change) =>
      (change.before?.content.variants ?? []).map(({ sku, stock }) => [sku, { change, stock }]),
    ),
  );
  const after = new Map(
    changes.flatMap((change) => (change.after?.variants ?? []).map((variant) => [variant.sku, { change, variant }])),
  );
  const locked = await lockVariants(tx, [...new Set([...before.keys(), ...after.keys()])]);
  const stocks = new Map<string, number>();
  const moved: Movement[] = [];
  for (const [sku, { change, variant }] of after) {
    const { stock: present, reserved } = locked.get(sku) ?? { stock: 0, reserved: 0 };
    const former = before.get(sku);
    const stock = present + variant.stock - (former?.stock ?? 0);
    const hasLess = reserved > Math.max(0, stock) && variant.whenOutOfStock === 'deny';
    // Going over to another product is going, and coming anew. (What is no product's here is found taken later.)
    const goes = former?.change !== change && reserved > 0;
    if (former && (hasLess || goes)) throw new StockHeld(sku, reserved);
    stocks.set(sku, stock);
    moved.push({ sku, delta: stock - present, stock });
  }
  const gone: Movement[] = [];
  for (const sku of before.keys()) {
    const { stock, reserved } = locked.get(sku) ?? { stock: 0, reserved: 0 };
    if (after.has(sku)) continue;
    if (reserved > 0) throw new StockHeld(sku, reserved);
    gone.push({ sku, delta: -stock, stock: 0 });
  }
  await recordMovements(tx, moved, origin);
  await recordMovements(tx, gone, { ...origin, kind: 'removed' });
  return stocks;
}
