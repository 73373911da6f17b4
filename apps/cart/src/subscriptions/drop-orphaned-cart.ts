import { Injectable } from '@nestjs/common';
import type { cart } from '@stoa/cart-contract';
import type { EventHandler } from '@stoa/messaging';
import { Carts } from '../storage/carts.js';
import { dropCart } from './drop-cart.js';

type Dropping = EventHandler<typeof cart.guestCartOrphaned>;

/** Drops what is left of a guest's cart that a customer had taken over who was erased. */
@Injectable()
export class DropOrphanedCart implements Dropping {
  constructor(private readonly carts: Carts) {}

  readonly on: Dropping['on'] = ({ guestId, erasedAt }, context) => dropCart(this.carts, context, guestId, erasedAt);
}
