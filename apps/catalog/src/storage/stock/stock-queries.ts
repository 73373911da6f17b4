import type { StockLevel, StockMovement } from '@stoa/catalog-contract';
import { Prisma, type PrismaClient } from '../prisma.js';

interface MovementRow extends Omit<StockMovement, 'at'> {
  readonly at: Date;
  readonly number: bigint;
}

/** A movement with its place in the history. */
export interface PlacedMovement {
  readonly movement: StockMovement;
  readonly place: readonly [number];
}

/** Queries of operators about stock. */
export class StockQueries {
  constructor(private readonly prisma: PrismaClient) {}

  async level(sku: string): Promise<StockLevel | undefined> {
    const select = { sku: true, stock: true, reserved: true, lowStockAt: true };
    const row = await this.prisma.variant.findUnique({ where: { sku }, select });
    return row ? { ...row, available: row.stock - row.reserved } : undefined;
  }

  /** Up to `limit` movements before a place (null: from the newest), the newest first. */
  async movements(sku: string, before: readonly [number] | null, limit: number): Promise<PlacedMovement[]> {
    const older = before ? Prisma.sql`AND number < ${before[0]}::bigint` : Prisma.empty;
    const rows = await this.prisma.$queryRaw<MovementRow[]>(Prisma.sql`
      SELECT sku, kind, delta, stock, reason, moved_by AS by, order_id::text AS "orderId", moved_at AS at, number
      FROM stock_movements WHERE sku = ${sku} ${older} ORDER BY number DESC LIMIT ${limit}`);
    return rows.map(({ number, at, ...row }) => ({
      movement: { ...row, at: at.toISOString() },
      place: [Number(number)],
    }));
  }
}
