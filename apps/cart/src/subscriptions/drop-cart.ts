import { cart } from '@stoa/cart-contract';
import { purgeReplies, type EventContext } from '@stoa/messaging';
import type { Carts } from '../storage/carts.js';

/** Empties and closes somebody's cart for good, purges the replies about it, and publishes the change. */
export async function dropCart(carts: Carts, context: EventContext, customerId: string, at: string): Promise<void> {
  const { tx, bucket, publish } = context;
  const version = await carts.drop(tx, bucket, customerId, new Date(at));
  // Behind the cart's row, which each command on the cart locks: earlier replies are seen here.
  await purgeReplies(tx, { bucket, key: customerId }, null);
  await publish(cart.cartChanged, version, { customerId, change: 'closed', lines: [], changedAt: at });
}
