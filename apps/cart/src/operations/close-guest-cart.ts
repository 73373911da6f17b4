import { Injectable } from '@nestjs/common';
import { cart } from '@stoa/cart-contract';
import type { Handler } from '@stoa/messaging';
import { Carts } from '../storage/carts.js';
import { customerIdOf, saveChange } from './change-cart.js';

type CloseGuestCartHandler = Handler<typeof cart.closeGuestCart>;

/**
 * Closes a guest's cart for good and returns its lines. The closed cart remembers for whom: the same customer gets the
 * lines again, so that a merge that died can be finished by any later sign-in; anybody else gets none.
 */
@Injectable()
export class CloseGuestCart implements CloseGuestCartHandler {
  constructor(private readonly carts: Carts) {}

  readonly handle: CloseGuestCartHandler['handle'] = async ({ guestId }, context) => {
    const customerId = customerIdOf(context.caller);
    const { cart: current } = await this.carts.lock(context, guestId);
    if (current.status === 'closed') return { lines: current.joinedBy === customerId ? [...current.lines] : [] };
    // A guest who has no cart gets a closed one: what another tab adds later would be lost from sight.
    const closed = {
      ...current,
      version: current.version + 1,
      status: 'closed' as const,
      joinedBy: customerId,
      updatedAt: context.now,
    };
    await saveChange(this.carts, context, 'closed', closed);
    return { lines: [...current.lines] };
  };
}
