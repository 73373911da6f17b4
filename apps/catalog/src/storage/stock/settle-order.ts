import type { StockMovement } from '@stoa/catalog-contract';
import type { Sql } from '@stoa/postgres';
import type { Hold } from '../../domain/holding.js';
import { settle, type Reported, type Settled } from '../../domain/sales.js';
import { recordMovements } from './movements.js';

// An order that holds nothing gets a row, so that it can be locked, and what comes late finds how it ended.
const LOCK = `SELECT status, skus, quantities, until, until <= clock_timestamp() AS "isOver"
  FROM holds WHERE order_id = $1 FOR UPDATE`;
const MAKE = `INSERT INTO holds (order_id, status, until, skus, quantities, updated_at)
  VALUES ($1, 'released', now(), '{}', '{}', now()) ON CONFLICT DO NOTHING`;
const SAVE = `UPDATE holds SET status = $2, skus = $3, quantities = $4, updated_at = clock_timestamp() WHERE order_id = $1`;

const LOCK_VARIANTS = `SELECT v.sku, stock, reserved, oversell, low_stock_at AS "lowStockAt",
    (SELECT handle FROM products WHERE id = v.product_id) AS product
  FROM variants AS v WHERE sku = ANY($1) ORDER BY sku COLLATE "C" FOR UPDATE OF v`;
const SAVE_VARIANTS = `UPDATE variants SET stock = n.stock, reserved = n.reserved
  FROM unnest($1::text[], $2::integer[], $3::integer[]) AS n(sku, stock, reserved) WHERE variants.sku = n.sku`;

interface HoldRow extends Omit<Hold, 'quantities'> {
  readonly skus: readonly string[];
  readonly quantities: readonly number[];
}

interface VariantRow {
  readonly sku: string;
  readonly stock: number;
  readonly reserved: number;
  readonly oversell: boolean;
  readonly lowStockAt: number | null;
  readonly product: string;
}

/** A stock that an order moved. */
export interface MovedStock {
  readonly sku: string;
  readonly product: string;
  readonly before: number;
  readonly stock: number;
  readonly lowStockAt: number | null;
  /** Of the movement: grows per SKU. */
  readonly number: number;
}

async function lockHold(tx: Sql, orderId: string): Promise<Hold> {
  const find = async (): Promise<HoldRow | undefined> => (await tx.query<HoldRow>(LOCK, [orderId])).rows[0];
  let row = await find();
  if (!row) {
    await tx.query(MAKE, [orderId]);
    row = await find();
  }
  if (!row) throw new Error(`The row of the order ${orderId} is not there after it was made`);
  const { skus, quantities, ...hold } = row;
  return { ...hold, quantities: new Map(skus.map((sku, n) => [sku, quantities[n] ?? 0])) };
}

/** @throws Error: more was sold than there is, which only an order without a hold can do */
function changed(row: VariantRow, { stock: moves, reserved: frees }: Settled): VariantRow {
  const stock = row.stock + (moves.get(row.sku) ?? 0);
  const reserved = row.reserved + (frees.get(row.sku) ?? 0);
  if (!row.oversell && stock < row.stock && stock < reserved) {
    throw new Error(
      `An order without a hold would sell ${row.sku} below what there is: ${stock} less ${reserved} held`,
    );
  }
  return { ...row, stock, reserved };
}

/** How a movement by an order is recorded. */
export interface OrderOrigin {
  readonly kind: StockMovement['kind'];
  readonly at: Date;
  readonly reason?: string | undefined;
}

/** Brings into the stock what is reported of an order. SKUs that are not there any more are left out. */
export async function settleOrder(
  tx: Sql,
  orderId: string,
  reported: Reported,
  origin: OrderOrigin,
): Promise<readonly MovedStock[]> {
  const settled = settle(await lockHold(tx, orderId), reported);
  if (!settled) return [];
  const { status, quantities } = settled;
  await tx.query(SAVE, [orderId, status, [...quantities.keys()], [...quantities.values()]]);
  const skus = [...new Set([...settled.stock.keys(), ...settled.reserved.keys()])];
  if (skus.length === 0) return [];
  const { rows } = await tx.query<VariantRow>(LOCK_VARIANTS, [skus]);
  const after = rows.map((row) => changed(row, settled));
  await tx.query(SAVE_VARIANTS, [after.map((v) => v.sku), after.map((v) => v.stock), after.map((v) => v.reserved)]);
  const moved = after.map(({ sku, stock }, n) => ({ sku, delta: stock - (rows[n]?.stock ?? 0), stock }));
  const numbers = await recordMovements(tx, moved, { ...origin, by: 'order', orderId });
  return rows.flatMap(({ sku, product, stock, lowStockAt }, n) => {
    const number = numbers.get(sku);
    return number === undefined ? [] : [{ sku, product, before: stock, stock: after[n]!.stock, lowStockAt, number }];
  });
}
