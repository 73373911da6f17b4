import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { order } from '@stoa/order-contract';
import { checkoutOf } from '../../domain/checkout-state.js';
import { Checkouts } from '../../storage/checkouts.js';
import { customerIdOf } from '../customer-id-of.js';

type GetCheckoutHandler = Handler<typeof order.getCheckout>;

@Injectable()
export class GetCheckout implements GetCheckoutHandler {
  constructor(private readonly checkouts: Checkouts) {}

  readonly handle: GetCheckoutHandler['handle'] = async ({ checkoutId }, { caller, fail }) => {
    const found = await this.checkouts.find(customerIdOf(caller), checkoutId);
    return found ? checkoutOf(found) : fail('NOT_FOUND', 'You have no such checkout');
  };
}
