import { Injectable } from '@nestjs/common';
import { cart } from '@stoa/cart-contract';
import type { Flow } from '@stoa/messaging';
import { order, type Order } from '@stoa/order-contract';
import { orderOf } from '../../domain/order-of.js';
import { Orders } from '../../storage/orders.js';
import { customerIdOf } from '../customer-id-of.js';
import { finish, hold, pay } from './placing.js';

type PlaceOrderFlow = Flow<typeof order.placeOrder>;

/**
 * Places the order of a checkout (docs/decisions/0051-an-order-is-a-durable-flow.md). Each step is done once by the
 * inbox, so that a clone that takes it up goes on where another died.
 */
@Injectable()
export class PlaceOrder implements PlaceOrderFlow {
  constructor(private readonly orders: Orders) {}

  readonly run: PlaceOrderFlow['run'] = async ({ checkoutId, payment }, context) => {
    const { step, call, caller } = context;
    const customerId = customerIdOf(caller);
    const lines = await call('cart', cart.readForOrder, { customerId });
    const input = { customerId, checkoutId, cart: lines, payment };
    const { isNew, order: made } = await step('create', order.createOrder, input);
    // Who made it carries it out, or does again; whoever comes second gets it as it is.
    if (!isNew) return made;
    const held = (await hold(context, made)) ?? (await this.endedMeanwhile(made.orderId));
    if (held) return held;
    const [attempt] = made.attempts;
    return attempt ? pay(context, made, attempt.attemptId, payment) : finish(context, made);
  };

  /** A run may begin long after another attempt placed the order: it must not ask for money again. */
  private async endedMeanwhile(orderId: string): Promise<Order | undefined> {
    const now = await this.orders.find(orderId);
    return now && now.status !== 'placing' ? orderOf(now) : undefined;
  }
}
