import { Injectable } from '@nestjs/common';
import { deriveId, type Handler } from '@stoa/messaging';
import { HOLD_SECONDS, type CartLines, type order, type Quote } from '@stoa/order-contract';
import { staleness, type Frozen } from '../../domain/checkout-state.js';
import { orderIdIn } from '../../domain/order-id.js';
import { orderOf } from '../../domain/order-of.js';
import { type OrderState } from '../../domain/order-state.js';
import { addAttempt } from '../../domain/pay.js';
import { Checkouts } from '../../storage/checkouts.js';
import { Orders } from '../../storage/orders.js';
import { publishChanges } from '../../storage/publish-changes.js';
import { Quotes } from '../../storage/quotes.js';
import { Shoppers } from '../../storage/shoppers.js';

type CreateOrderHandler = Handler<typeof order.createOrder>;
type Context = Parameters<CreateOrderHandler['handle']>[1];

const STALE = {
  QUOTE_EXPIRED: 'This quote held for half an hour: read the new one, and check out again',
  CART_CHANGED: 'The cart changed since this quote was made: check out again',
  PRICE_ROSE: 'It costs more now: read the new quote, and take it over by changing the checkout',
} as const;

/** Makes a checkout's order, once: whoever places it again gets the one there is. */
@Injectable()
export class CreateOrder implements CreateOrderHandler {
  constructor(
    private readonly checkouts: Checkouts,
    private readonly orders: Orders,
    private readonly shoppers: Shoppers,
    private readonly quotes: Quotes,
  ) {}

  readonly handle: CreateOrderHandler['handle'] = async (input, context) => {
    const { customerId, checkoutId, cart, payment } = input;
    const { tx, bucket, now, publish, fail } = context;
    const checkout = await this.checkouts.lock(tx, bucket, customerId, checkoutId);
    if (!checkout) return fail('NOT_FOUND', 'You have no such checkout');
    if (checkout.orderId !== null) {
      const known = await this.orders.lock(tx, bucket, customerId, checkout.orderId);
      return known ? { isNew: false, order: orderOf(known) } : fail('NOT_FOUND', 'You have no such order');
    }
    const quote = await this.agreedQuote(checkout, cart, context);
    const { version, isErased } = await this.shoppers.next(tx, bucket, customerId);
    if (isErased) return fail('CUSTOMER_ERASED', 'This account is gone');
    const orderId = orderIdIn(deriveId(checkoutId, 'order'), bucket);
    const first = firstVersion(checkout, orderId, quote, now);
    const doing = { at: now, by: 'shopper' } as const;
    const attemptId = deriveId(orderId, 'attempt 1');
    const attempted =
      quote.total === 0 ? first : addAttempt({ ...first, number: '' }, attemptId, payment, doing, never);
    const made = await this.orders.add(tx, bucket, { ...attempted, version: 1 });
    await this.checkouts.save(tx, bucket, { ...checkout, orderId, updatedAt: now });
    await publishChanges(publish, version, undefined, made);
    return { isNew: true, order: orderOf(made) };
  };

  /**
   * The quote of today, if the shopper agreed to it or to more.
   * @throws OperationError with the quote that holds now
   */
  private async agreedQuote(checkout: Frozen, cart: CartLines, { tx, now, fail }: Context): Promise<Quote> {
    const fresh = await this.quotes.price(tx, { ...checkout, cart }, now);
    const stale = staleness(checkout, cart, fresh, now);
    if (stale) return fail(stale, STALE[stale], { details: { quote: fresh, cartVersion: cart.version } });
    const [problem] = fresh.problems;
    const details = { quote: fresh, cartVersion: cart.version };
    if (problem) return fail('NOT_ORDERABLE', problem.message, { details });
    return fresh;
  }
}

const never = (code: string): never => {
  throw new Error(`The first attempt of an order was refused: ${code}`);
};

const firstVersion = (checkout: Frozen, orderId: string, quote: Quote, now: Date): Omit<OrderState, 'number'> => ({
  orderId,
  customerId: checkout.customerId,
  checkoutId: checkout.checkoutId,
  version: 1,
  status: 'placing',
  cancelReason: null,
  email: checkout.email,
  shippingAddress: checkout.shippingAddress,
  billingAddress: checkout.billingAddress,
  cartVersion: checkout.cart.version,
  quote,
  lines: quote.lines.map(({ sku, title, quantity }) => ({ sku, title, quantity, shipped: 0, returned: 0 })),
  attempts: [],
  paidBy: null,
  captured: 0,
  refunded: 0,
  holdUntil: new Date(now.getTime() + HOLD_SECONDS * 1_000),
  fulfilments: [],
  returns: [],
  refunds: [],
  timeline: [{ at: now.toISOString(), what: 'created', by: 'shopper', operatorId: null, detail: null }],
  createdAt: now,
  placedAt: null,
  updatedAt: now,
});
