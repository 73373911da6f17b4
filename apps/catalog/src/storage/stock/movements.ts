import type { StockMovement } from '@stoa/catalog-contract';
import type { Sql } from '@stoa/postgres';

/** The reason of movements: of the history's columns, those that all movements of one transaction share. */
export interface MovementOrigin {
  readonly kind: StockMovement['kind'];
  readonly by: string;
  readonly at: Date;
  readonly reason?: string | undefined;
  readonly orderId?: string;
}

/** A change of a variant's stock, and the stock behind it. */
export interface Movement {
  readonly sku: string;
  readonly delta: number;
  readonly stock: number;
}

const INSERT = `INSERT INTO stock_movements (sku, delta, stock, kind, moved_by, moved_at, reason, order_id)
  SELECT m.sku, m.delta, m.stock, $4, $5, $6, $7, $8
  FROM unnest($1::text[], $2::integer[], $3::integer[]) AS m(sku, delta, stock) WHERE m.delta <> 0
  RETURNING sku, number`;

/** Adds to the history. The variants must be locked. @returns the number of each movement, by SKU: it grows per SKU */
export async function recordMovements(
  tx: Sql,
  movements: readonly Movement[],
  { kind, by, at, reason, orderId }: MovementOrigin,
): Promise<Map<string, number>> {
  if (movements.length === 0) return new Map();
  const columns = [movements.map(({ sku }) => sku), movements.map(({ delta }) => delta), movements.map((m) => m.stock)];
  const values = [...columns, kind, by, at, reason ?? null, orderId ?? null];
  const { rows } = await tx.query<{ sku: string; number: string }>(INSERT, values);
  return new Map(rows.map(({ sku, number }) => [sku, Number(number)]));
}
