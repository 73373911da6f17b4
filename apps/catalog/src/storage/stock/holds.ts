import { Injectable } from '@nestjs/common';
import type { BatchContext } from '@stoa/messaging';
import type { Hold, Level, Levels, Quantities } from '../../domain/holding.js';

// Locks are taken in one order by all that hold, free, sell and put back: holds by order, then variants by SKU.
// Products are never locked behind them: whoever changes a product locks that first, then its variants by SKU.

const LOCK_HOLDS = `SELECT r.n, clock_timestamp() AS now, h.status, h.skus, h.quantities, h.until,
    h.until <= clock_timestamp() AS "isOver"
  FROM (SELECT * FROM json_to_recordset($1) AS r(n integer, id uuid) ORDER BY id) AS r
  LEFT JOIN LATERAL (SELECT * FROM holds WHERE order_id = r.id FOR UPDATE) AS h ON true`;

// Behind the holds' locks: what they hold doesn't change any more. Each SKU is locked once, for all that name it.
const LOCK_VARIANTS = `WITH asked AS MATERIALIZED (
    SELECT r.n, unnest(r.skus || coalesce(h.skus, '{}')) AS sku
    FROM json_to_recordset($1) AS r(n integer, id uuid, skus text[])
    LEFT JOIN LATERAL (
      SELECT skus FROM holds WHERE order_id = r.id AND status IN ('held', 'confirmed') LIMIT 1
    ) AS h ON true
  ), locked AS MATERIALIZED (
    SELECT v.*, (SELECT active FROM products WHERE id = v.product_id) AS active
    FROM (SELECT DISTINCT sku COLLATE "C" AS sku FROM asked ORDER BY 1) AS a
    CROSS JOIN LATERAL (
      SELECT sku, stock, reserved, oversell, product_id FROM variants WHERE sku = a.sku FOR UPDATE
    ) AS v
  )
  SELECT DISTINCT a.n, l.sku, l.stock, l.reserved, l.oversell, l.active
  FROM asked AS a JOIN locked AS l ON l.sku = a.sku`;

const INSERT = `INSERT INTO holds (order_id, status, until, skus, quantities, updated_at)
  SELECT id, status, until, skus, quantities, clock_timestamp()
  FROM json_to_recordset($1) AS r(id uuid, status text, until timestamptz, skus text[], quantities integer[])
  ORDER BY id`;
const UPDATE = `${INSERT} ON CONFLICT (order_id) DO UPDATE SET status = excluded.status, until = excluded.until,
  skus = excluded.skus, quantities = excluded.quantities, updated_at = excluded.updated_at`;

// Many buyers of one SKU are one update of it.
const RESERVE = `UPDATE variants SET reserved = reserved + c.change
  FROM (
    SELECT sku, sum(change)::integer AS change FROM json_to_recordset($1) AS r(sku text, change integer) GROUP BY sku
  ) AS c WHERE variants.sku = c.sku AND c.change <> 0`;

interface HoldRow {
  readonly now: Date;
  readonly status: Hold['status'] | null;
  readonly skus: readonly string[];
  readonly quantities: readonly number[];
  readonly until: Date;
  readonly isOver: boolean;
}

type LevelRow = Level & { readonly sku: string };

/** An order's hold, and the time by the clock of its database. */
export interface LockedHold {
  readonly orderId: string;
  readonly now: Date;
  readonly hold: Hold | undefined;
}

type Reads = Pick<BatchContext<never>, 'read'>;
type Writes = Pick<BatchContext<never>, 'write'>;

const quantitiesOf = ({ skus, quantities }: HoldRow): Quantities =>
  new Map(skus.map((sku, n) => [sku, quantities[n] ?? 0]));

function lockedOf(orderId: string, [row]: readonly HoldRow[]): LockedHold {
  if (!row) throw new Error('The statement that locks a hold gives one row, whether there is a hold or not');
  const { now, status, until, isOver } = row;
  return { orderId, now, hold: status ? { status, quantities: quantitiesOf(row), until, isOver } : undefined };
}

/** The holds of stock, for commands that share their transaction. */
@Injectable()
export class Holds {
  /**
   * All commands of a batch have one `read`. They read a SKU's level at once, and decide one after the other: each must
   * see what those before it took.
   */
  private readonly levelsOf = new WeakMap<Reads['read'], Levels>();

  /** An order's hold, locked. */
  async lock({ read }: Reads, orderId: string): Promise<LockedHold> {
    return lockedOf(orderId, await read<HoldRow>(LOCK_HOLDS, { id: orderId }));
  }

  /**
   * An order's hold and the levels of its SKUs and of others, locked. The levels are shared with the other commands of
   * the batch: take from them what is taken.
   */
  async lockWithLevels(
    { read }: Reads,
    orderId: string,
    skus: readonly string[],
  ): Promise<LockedHold & { readonly levels: Levels }> {
    const [holds, rows] = await Promise.all([
      read<HoldRow>(LOCK_HOLDS, { id: orderId }),
      read<LevelRow>(LOCK_VARIANTS, { id: orderId, skus }),
    ]);
    const levels = this.levelsOf.get(read) ?? new Map<string, Level>();
    this.levelsOf.set(read, levels);
    for (const { sku, stock, reserved, oversell, active } of rows) {
      if (!levels.has(sku)) levels.set(sku, { stock, reserved, oversell, active });
    }
    return { ...lockedOf(orderId, holds), levels };
  }

  /**
   * Writes a hold that was locked, and what changes by it in what is reserved. If another command made the hold
   * meanwhile, this one is tried again.
   */
  save(
    { write }: Writes,
    before: LockedHold,
    after: Pick<Hold, 'status' | 'quantities' | 'until'>,
    changes: Quantities,
  ): void {
    write(before.hold ? UPDATE : INSERT, {
      id: before.orderId,
      status: after.status,
      until: after.until,
      skus: [...after.quantities.keys()],
      quantities: [...after.quantities.values()],
    });
    for (const [sku, change] of changes) write(RESERVE, { sku, change });
  }
}
