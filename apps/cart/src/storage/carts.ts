import type { BatchContext } from '@stoa/messaging';
import type { Sql, SqlDatabase } from '@stoa/postgres';
import { Inject, Injectable } from '@nestjs/common';
import { DATABASE } from '@stoa/messaging';
import { emptyCart, type CartState, type Line, type Products } from '../domain/cart.js';
import { PRODUCTS_AS_JSON, productsOf, type ProductJson } from './products.js';

/** A cart with the products of all its lines, and of the SKUs that were named besides. */
export interface CartAndProducts {
  readonly cart: CartState;
  readonly products: Products;
}

type Reads = Pick<BatchContext<never>, 'read' | 'bucket'>;
type Writes = Pick<BatchContext<never>, 'write' | 'bucket'>;

/** A row of `carts` with its products; `version` is null where there is no cart. */
export interface CartRow {
  readonly version: number | null;
  readonly status: 'open' | 'closed';
  readonly joined_by: string | null;
  readonly skus: string[];
  readonly quantities: number[];
  readonly updated_at: Date;
  readonly products: ProductJson[] | null;
}

/**
 * The columns of a cart `c`, with the products of its lines and of other SKUs as one JSON value, since rows would
 * repeat the cart.
 */
const columns = (skus: string): string => `c.version, c.status, c.joined_by, c.skus, c.quantities, c.updated_at,
  (SELECT ${PRODUCTS_AS_JSON} FROM products p WHERE p.sku = ANY (${skus})) AS products`;

/** Always one row, so that the bucket's owner can be read in the same statement. */
const READ = `SELECT ${columns('c.skus')}
  FROM (SELECT) AS one LEFT JOIN carts AS c ON c.bucket = $1 AND c.customer_id = $2`;
const LOCK = `SELECT r.n, ${columns('c.skus || r.skus')}
  FROM json_to_recordset($1) AS r(n integer, bucket smallint, id uuid, skus text[])
  LEFT JOIN LATERAL (
    SELECT * FROM carts WHERE bucket = r.bucket AND customer_id = r.id FOR UPDATE
  ) AS c ON true`;

const SAVED = `json_to_recordset($1) AS r(bucket smallint, id uuid, version integer, status text, joined_by uuid, skus text[],
  quantities integer[], at timestamptz)`;
const INSERT = `
  INSERT INTO carts AS known (bucket, customer_id, version, status, joined_by, skus, quantities, created_at, updated_at)
  SELECT bucket, id, version, status, joined_by, skus, quantities, at, at FROM ${SAVED}`;
// Of a row that is known to be there: an UPDATE that joins the records might be planned with a scan of the whole table,
// while this always goes by the primary key.
const UPDATE = `${INSERT}
  ON CONFLICT (bucket, customer_id) DO UPDATE SET version = excluded.version, status = excluded.status,
    joined_by = excluded.joined_by, skus = excluded.skus, quantities = excluded.quantities, updated_at = excluded.updated_at
  WHERE known.version < excluded.version`;
const JOIN_GUEST = `
  INSERT INTO joined_guests (bucket, customer_id, guest_id, joined_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`;
const DROP = `
  INSERT INTO carts AS known (bucket, customer_id, version, status, skus, quantities, created_at, updated_at)
  VALUES ($1, $2, 1, 'closed', '{}', '{}', $3, $3)
  ON CONFLICT (bucket, customer_id) DO UPDATE
  SET version = known.version + 1, status = 'closed', joined_by = NULL, skus = '{}', quantities = '{}', updated_at = $3
  RETURNING version`;
const FORGET_GUESTS = 'DELETE FROM joined_guests WHERE bucket = $1 AND customer_id = $2 RETURNING guest_id';

/** The cart of a row; an empty one where there is none. */
export function cartOf(customerId: string, row: CartRow): CartState {
  if (row.version === null) return emptyCart(customerId);
  return {
    customerId,
    version: row.version,
    status: row.status,
    joinedBy: row.joined_by,
    lines: row.skus.map((sku, n): Line => ({ sku, quantity: row.quantities[n] ?? 0 })),
    updatedAt: row.updated_at,
  };
}

function resultOf(customerId: string, [row]: readonly CartRow[]): CartAndProducts {
  if (!row) throw new Error('The statement that reads a cart gives one row, whether there is a cart or not');
  return { cart: cartOf(customerId, row), products: productsOf(row.products ?? []) };
}

/** Carts in Postgres. */
@Injectable()
export class Carts {
  constructor(@Inject(DATABASE) private readonly database: SqlDatabase) {}

  /** For queries: one statement, no transaction. */
  async read(customerId: string): Promise<CartAndProducts> {
    const bucket = this.database.bucketOf(customerId);
    return resultOf(
      customerId,
      await this.database.read<CartRow>(bucket, { text: READ, values: [bucket, customerId] }),
    );
  }

  /** The cart, locked until the end of the transaction, and the products of its lines and of `skus`. */
  async lock({ read, bucket }: Reads, customerId: string, skus: readonly string[] = []): Promise<CartAndProducts> {
    return resultOf(customerId, await read<CartRow>(LOCK, { bucket, id: customerId, skus }));
  }

  /**
   * Writes a cart that `lock` gave, under its next version. Its first version is an insert: if another command made the
   * cart meanwhile, this one is tried again.
   */
  save({ write, bucket }: Writes, { customerId, version, status, joinedBy, lines, updatedAt }: CartState): void {
    write(version > 1 ? UPDATE : INSERT, {
      bucket,
      id: customerId,
      version,
      status,
      joined_by: joinedBy,
      at: updatedAt,
      skus: lines.map((line) => line.sku),
      quantities: lines.map((line) => line.quantity),
    });
  }

  /** Notes that a guest's lines go into a customer's cart; false when they did before. */
  async joinGuest(tx: Sql, bucket: number, customerId: string, guestId: string, now: Date): Promise<boolean> {
    const { rowCount } = await tx.query(JOIN_GUEST, [bucket, customerId, guestId, now]);
    return rowCount === 1;
  }

  /**
   * Leaves an empty cart that is closed for good, whether there was one or not: it refuses writes that come late.
   * @returns its version
   */
  async drop(tx: Sql, bucket: number, customerId: string, now: Date): Promise<number> {
    const { rows } = await tx.query<{ version: number }>(DROP, [bucket, customerId, now]);
    return rows[0]!.version;
  }

  /** @returns the guests whose carts went into the customer's; they are not known here any more. */
  async forgetGuests(tx: Sql, bucket: number, customerId: string): Promise<string[]> {
    const { rows } = await tx.query<{ guest_id: string }>(FORGET_GUESTS, [bucket, customerId]);
    return rows.map(({ guest_id }) => guest_id);
  }
}
