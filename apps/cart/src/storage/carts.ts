import type { CommandContext, Sql } from '@stoa/messaging';
import { Inject, Injectable } from '@nestjs/common';
import { DATABASE } from '@stoa/messaging';
import type { SqlDatabase } from '@stoa/service';
import { emptyCart, type CartState, type Line, type Products } from '../domain/cart.js';
import { PRODUCTS_AS_JSON, productsOf, type ProductJson } from './products.js';

/** A cart with the products of all its lines, and of the SKUs that were asked for besides. */
export interface CartAndProducts {
  readonly cart: CartState;
  readonly products: Products;
}

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
 * One statement for all that a command or query needs to know. Always one row, so that the owner of a bucket can be asked
 * in the same statement. The products come as one JSON value: joined as rows they would repeat the cart's columns.
 */
const readStatement = (lock: '' | 'FOR UPDATE'): string => `
  SELECT c.version, c.status, c.joined_by, c.skus, c.quantities, c.updated_at,
    (SELECT ${PRODUCTS_AS_JSON} FROM products p WHERE p.sku = ANY (c.skus || $3::text[])) AS products
  FROM (SELECT) AS one LEFT JOIN (
    SELECT version, status, joined_by, skus, quantities, updated_at FROM carts
    WHERE bucket = $1 AND customer_id = $2 ${lock}
  ) AS c ON true`;
const READ = readStatement('');
const LOCK = readStatement('FOR UPDATE');

const INSERT = `
  INSERT INTO carts (bucket, customer_id, version, status, joined_by, skus, quantities, created_at, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) ON CONFLICT (bucket, customer_id) DO NOTHING`;
const UPDATE = `
  UPDATE carts SET version = $3, status = $4, joined_by = $5, skus = $6, quantities = $7, updated_at = $8
  WHERE bucket = $1 AND customer_id = $2`;
const JOIN_GUEST = `
  INSERT INTO joined_guests (bucket, customer_id, guest_id, joined_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`;
const DROP = `
  INSERT INTO carts AS known (bucket, customer_id, version, status, skus, quantities, created_at, updated_at)
  VALUES ($1, $2, 1, 'closed', '{}', '{}', $3, $3)
  ON CONFLICT (bucket, customer_id) DO UPDATE
  SET version = known.version + 1, status = 'closed', joined_by = NULL, skus = '{}', quantities = '{}', updated_at = $3
  RETURNING version`;
const FORGET_GUESTS = 'DELETE FROM joined_guests WHERE bucket = $1 AND customer_id = $2 RETURNING guest_id';

/** Two commands made the same cart at once, where there was no row yet to wait for. Trying again finds the row. */
class CartMadeMeanwhile extends Error {
  readonly code = '40001'; // serialization_failure: what isTransient takes for worth another try
}

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
      await this.database.read<CartRow>(bucket, { text: READ, values: [bucket, customerId, []] }),
    );
  }

  /** The cart, locked until the end of the transaction, and the products of its lines and of `skus`. */
  async lock(tx: Sql, bucket: number, customerId: string, skus: readonly string[] = []): Promise<CartAndProducts> {
    const { rows } = await tx.query<CartRow>(LOCK, [bucket, customerId, skus]);
    return resultOf(customerId, rows);
  }

  /**
   * Writes a cart that `lock` gave, under its next version. A row that is there is locked: its update needn't be waited for.
   * @throws CartMadeMeanwhile (transient)
   */
  async save(
    { tx, write }: Pick<CommandContext<never>, 'tx' | 'write'>,
    bucket: number,
    cart: CartState,
  ): Promise<void> {
    const { customerId, version, status, joinedBy, lines, updatedAt } = cart;
    const skus = lines.map((line) => line.sku);
    const quantities = lines.map((line) => line.quantity);
    const values = [bucket, customerId, version, status, joinedBy, skus, quantities, updatedAt];
    if (version > 1) {
      write(UPDATE, values);
      return;
    }
    const { rowCount } = await tx.query(INSERT, values);
    if (rowCount !== 1) throw new CartMadeMeanwhile(`The cart of ${customerId} was made meanwhile`);
  }

  /** Notes that a guest's lines go into a customer's cart; false when they did before. */
  async joinGuest(tx: Sql, bucket: number, customerId: string, guestId: string, now: Date): Promise<boolean> {
    const { rowCount } = await tx.query(JOIN_GUEST, [bucket, customerId, guestId, now]);
    return rowCount === 1;
  }

  /**
   * Leaves an empty cart that is closed for good, whether there was one or not: writes that come late are refused by it.
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
