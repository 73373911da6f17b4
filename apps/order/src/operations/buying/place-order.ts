import { Injectable } from '@nestjs/common';
import { cart } from '@stoa/cart-contract';
import type { Flow } from '@stoa/messaging';
import { order } from '@stoa/order-contract';
import { customerIdOf } from '../customer-id-of.js';
import { finish, hold, pay } from './placing.js';

type PlaceOrderFlow = Flow<typeof order.placeOrder>;

/**
 * Places the order of a checkout (docs/decisions/0051-an-order-is-a-durable-flow.md). Each step is done once by the
 * inbox, so that a clone that takes it up goes on where another died.
 */
@Injectable()
export class PlaceOrder implements PlaceOrderFlow {
  readonly run: PlaceOrderFlow['run'] = async ({ checkoutId, payment }, context) => {
    const { step, call, caller } = context;
    const customerId = customerIdOf(caller);
    const lines = await call('cart', cart.readForOrder, { customerId });
    const input = { customerId, checkoutId, cart: lines, payment };
    const { isNew, order: made } = await step('create', order.createOrder, input);
    // Who made it carries it out, or does again; whoever comes second gets it as it is.
    if (!isNew) return made;
    await hold(context, made);
    const [attempt] = made.attempts;
    return attempt ? pay(context, made, attempt.attemptId, payment) : finish(context, made);
  };
}
