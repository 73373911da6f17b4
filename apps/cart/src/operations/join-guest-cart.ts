import { Injectable } from '@nestjs/common';
import { cart } from '@stoa/cart-contract';
import type { Flow } from '@stoa/messaging';
import { customerIdOf } from './change-cart.js';

type JoinGuestCartFlow = Flow<typeof cart.joinGuestCart>;

/**
 * Merge at sign-in: the guest's cart and the customer's may be in different buckets, so each step is a command with a
 * transaction of its own. Killed between the two, the next try (of this sign-in or of another) finishes it.
 */
@Injectable()
export class JoinGuestCart implements JoinGuestCartFlow {
  readonly run: JoinGuestCartFlow['run'] = async ({ guestId }, { caller, step }) => {
    if (guestId === null || guestId === customerIdOf(caller)) return { merged: 0 };
    const { lines } = await step('close', cart.closeGuestCart, { guestId });
    if (lines.length === 0) return { merged: 0 };
    return step('merge', cart.mergeLines, { guestId, lines });
  };
}
