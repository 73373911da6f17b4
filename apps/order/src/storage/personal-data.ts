import { Inject, Injectable } from '@nestjs/common';
import { DATABASE } from '@stoa/messaging';
import type { Sql, SqlDatabase } from '@stoa/postgres';
import type { Frozen } from '../domain/checkout-state.js';
import type { OrderState } from '../domain/order-state.js';
import { CHECKOUT_COLUMNS, checkoutStateOf, type CheckoutRow } from './checkouts.js';
import { ORDER_COLUMNS, stateOf, type OrderRow } from './order-rows.js';

const ORDERS = `SELECT ${ORDER_COLUMNS} FROM orders WHERE bucket = $1 AND customer_id = $2 ORDER BY created_at`;
const CHECKOUTS = `SELECT ${CHECKOUT_COLUMNS} FROM checkouts WHERE bucket = $1 AND customer_id = $2 ORDER BY created_at`;
const ERASE_SHOPPER = `
  INSERT INTO shoppers AS known (bucket, customer_id, version, erased_at) VALUES ($1, $2, 1, $3)
  ON CONFLICT (bucket, customer_id) DO UPDATE SET erased_at = coalesce(known.erased_at, excluded.erased_at)`;
const DELETE_CHECKOUTS = 'DELETE FROM checkouts WHERE bucket = $1 AND customer_id = $2';
const OPEN = `SELECT order_id FROM orders WHERE bucket = $1 AND customer_id = $2 AND status = 'placing' ORDER BY order_id`;
// Orders are books, which the law keeps: without their person.
const STRIP = `
  UPDATE orders SET body = (body::jsonb || '{"email": null, "shippingAddress": null, "billingAddress": null}')::json
  WHERE bucket = $1 AND customer_id = $2`;

/** All that is held of a customer, and how it goes. */
@Injectable()
export class PersonalData {
  constructor(@Inject(DATABASE) private readonly database: SqlDatabase) {}

  async read(customerId: string): Promise<{ readonly orders: OrderState[]; readonly checkouts: Frozen[] }> {
    const bucket = this.database.bucketOf(customerId);
    const orders = await this.database.read<OrderRow>(bucket, { text: ORDERS, values: [bucket, customerId] });
    const checkouts = await this.database.read<CheckoutRow>(bucket, { text: CHECKOUTS, values: [bucket, customerId] });
    return { orders: orders.map(stateOf), checkouts: checkouts.map(checkoutStateOf) };
  }

  /** From then on nothing is bought. @returns the orders that are being placed */
  async close(tx: Sql, bucket: number, customerId: string, at: Date): Promise<string[]> {
    await tx.query(ERASE_SHOPPER, [bucket, customerId, at]);
    await tx.query(DELETE_CHECKOUTS, [bucket, customerId]);
    const { rows } = await tx.query<{ order_id: string }>(OPEN, [bucket, customerId]);
    return rows.map(({ order_id }) => order_id);
  }

  async strip(tx: Sql, bucket: number, customerId: string): Promise<void> {
    await tx.query(STRIP, [bucket, customerId]);
  }
}
