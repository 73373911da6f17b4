import { Injectable } from '@nestjs/common';
import { cart } from '@stoa/cart-contract';
import type { EventHandler } from '@stoa/messaging';
import type { profile } from '@stoa/profile-contract';
import { Carts } from '../storage/carts.js';
import { dropCart } from './drop-cart.js';

type Erasing = EventHandler<typeof profile.customerErased>;

/**
 * Drops the cart of a customer who was erased. The guests' carts that went into it are in buckets of their own: an
 * event each.
 */
@Injectable()
export class EraseCarts implements Erasing {
  constructor(private readonly carts: Carts) {}

  readonly on: Erasing['on'] = async ({ customerId, erasedAt }, context) => {
    await dropCart(this.carts, context, customerId, erasedAt);
    for (const guestId of await this.carts.forgetGuests(context.tx, context.bucket, customerId)) {
      await context.publish(cart.guestCartOrphaned, 1, { guestId, erasedAt });
    }
  };
}
