import { Injectable } from '@nestjs/common';
import { cart } from '@stoa/cart-contract';
import type { Handler } from '@stoa/messaging';
import { mergeLines } from '../domain/merge-lines.js';
import { Carts } from '../storage/carts.js';
import { customerIdOf, saveChange } from './change-cart.js';

type MergeLinesHandler = Handler<typeof cart.mergeLines>;

/** Adds a guest's lines to the caller's cart, once per guest whatever command asks. */
@Injectable()
export class MergeLines implements MergeLinesHandler {
  constructor(private readonly carts: Carts) {}

  readonly handle: MergeLinesHandler['handle'] = async ({ guestId, lines }, context) => {
    const { tx, bucket, caller, now } = context;
    const customerId = customerIdOf(caller);
    const skus = lines.map((line) => line.sku);
    const { cart: current, products } = await this.carts.lock(context, customerId, skus);
    if (current.status === 'closed') {
      // The customer was erased in the midst of it: nobody else knows of the guest's cart.
      await context.publish(cart.guestCartOrphaned, 1, { guestId, erasedAt: now.toISOString() });
      return { merged: 0 };
    }
    if (!(await this.carts.joinGuest(tx, bucket, customerId, guestId, now))) return { merged: 0 };
    const { lines: all, merged } = mergeLines(current.lines, lines, products);
    if (merged === 0) return { merged };
    await saveChange(this.carts, context, 'merged', {
      ...current,
      version: current.version + 1,
      lines: all,
      updatedAt: now,
    });
    return { merged };
  };
}
