import { Inject, Injectable } from '@nestjs/common';
import { DATABASE } from '@stoa/messaging';
import type { Sql, SqlDatabase } from '@stoa/postgres';
import type { CheckoutState, Frozen } from '../domain/checkout-state.js';

type Body = Pick<
  Frozen,
  'cart' | 'email' | 'shippingAddress' | 'billingAddress' | 'shippingMethod' | 'coupon' | 'quote'
>;

export interface CheckoutRow {
  readonly checkout_id: string;
  readonly customer_id: string;
  readonly version: number;
  readonly order_id: string | null;
  readonly expires_at: Date;
  readonly body: Body;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export const CHECKOUT_COLUMNS = 'checkout_id, customer_id, version, order_id, expires_at, body, created_at, updated_at';
const FIND = `
  SELECT ${CHECKOUT_COLUMNS} FROM checkouts
  WHERE bucket = $1 AND checkout_id = $2 AND customer_id = $3`;
const SAVE = `
  INSERT INTO checkouts (bucket, checkout_id, customer_id, version, order_id, expires_at, body, created_at, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
  ON CONFLICT (bucket, checkout_id) DO UPDATE SET version = excluded.version, order_id = excluded.order_id,
    expires_at = excluded.expires_at, body = excluded.body, updated_at = excluded.updated_at`;

export const checkoutStateOf = (row: CheckoutRow): Frozen => ({
  ...row.body,
  checkoutId: row.checkout_id,
  customerId: row.customer_id,
  version: row.version,
  orderId: row.order_id,
  expiresAt: row.expires_at,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

const bodyOf = ({ cart, email, shippingAddress, billingAddress, shippingMethod, coupon, quote }: Frozen): Body => ({
  cart,
  email,
  shippingAddress,
  billingAddress,
  shippingMethod,
  coupon,
  quote,
});

/** A checkout that is not stored yet. */
export const newCheckout = (checkoutId: string, customerId: string, now: Date): CheckoutState => ({
  checkoutId,
  customerId,
  version: 0,
  cart: { version: 0, lines: [] },
  email: null,
  shippingAddress: null,
  billingAddress: null,
  shippingMethod: null,
  coupon: null,
  quote: null,
  orderId: null,
  expiresAt: now,
  createdAt: now,
  updatedAt: now,
});

/** Checkouts in Postgres. */
@Injectable()
export class Checkouts {
  constructor(@Inject(DATABASE) private readonly database: SqlDatabase) {}

  async find(customerId: string, checkoutId: string): Promise<Frozen | undefined> {
    const bucket = this.database.bucketOf(customerId);
    const statement = { name: 'find_checkout', text: FIND, values: [bucket, checkoutId, customerId] };
    const [row] = await this.database.read<CheckoutRow>(bucket, statement);
    return row && checkoutStateOf(row);
  }

  /** A customer's checkout, locked until the end of the transaction. */
  async lock(tx: Sql, bucket: number, customerId: string, checkoutId: string): Promise<Frozen | undefined> {
    const { rows } = await tx.query<CheckoutRow>(`${FIND} FOR UPDATE`, [bucket, checkoutId, customerId]);
    return rows[0] && checkoutStateOf(rows[0]);
  }

  async save(tx: Sql, bucket: number, checkout: Frozen): Promise<void> {
    const { checkoutId, customerId, version, orderId, expiresAt, createdAt, updatedAt } = checkout;
    const values = [checkoutId, customerId, version, orderId, expiresAt, JSON.stringify(bodyOf(checkout))];
    await tx.query(SAVE, [bucket, ...values, createdAt, updatedAt]);
  }
}
