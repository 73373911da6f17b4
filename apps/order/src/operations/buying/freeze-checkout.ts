import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { QUOTE_SECONDS, type order } from '@stoa/order-contract';
import { changed, checkoutOf } from '../../domain/checkout-state.js';
import { Checkouts, newCheckout } from '../../storage/checkouts.js';
import { Quotes } from '../../storage/quotes.js';

type FreezeCheckoutHandler = Handler<typeof order.freezeCheckout>;

/** Prices the cart as it is now, and keeps the quote for half an hour. */
@Injectable()
export class FreezeCheckout implements FreezeCheckoutHandler {
  constructor(
    private readonly checkouts: Checkouts,
    private readonly quotes: Quotes,
  ) {}

  readonly handle: FreezeCheckoutHandler['handle'] = async (input, { tx, bucket, now, fail }) => {
    const { customerId, checkoutId, isNew, cart, cartVersion, change } = input;
    const before = isNew
      ? newCheckout(checkoutId, customerId, now)
      : await this.checkouts.lock(tx, bucket, customerId, checkoutId);
    if (!before) return fail('NOT_FOUND', 'You have no such checkout');
    if (before.orderId !== null) return fail('ALREADY_PLACED', `This checkout is the order ${before.orderId} now`);
    if (cartVersion !== undefined && cartVersion !== cart.version) {
      return fail('CART_CHANGED', `The cart's version is ${cart.version}`, { details: { cartVersion: cart.version } });
    }
    if (cart.lines.length === 0) return fail('CART_EMPTY', 'There is nothing in the cart');
    const after = changed(before, change, cart);
    const frozen = {
      ...after,
      version: before.version + 1,
      quote: await this.quotes.price(tx, after, now),
      expiresAt: new Date(now.getTime() + QUOTE_SECONDS * 1_000),
      updatedAt: now,
    };
    await this.checkouts.save(tx, bucket, frozen);
    return checkoutOf(frozen);
  };
}
