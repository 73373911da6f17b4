import { command, query } from '@stoa/contract-kit';
import { z } from 'zod';
import { CartVersion, Checkout, CheckoutChange } from './checkout.js';
import { Order, PaymentMethod } from './order.js';
import { OfferedShipping } from './quote.js';
import { payErrors, quoteErrors } from './steps.js';

const freezeErrors = { CART_CHANGED: 409, CART_EMPTY: 409 } as const;
/** Placing asks the cart, the catalog and a payment provider. */
const BUDGET_MS = 20_000;

/** From a cart to an order. */
export const buying = {
  createCheckout: command({
    http: 'POST /v1/checkouts',
    summary: 'Check out: freeze what my cart costs, for half an hour',
    caller: 'anyone',
    key: 'caller.customerId',
    input: CheckoutChange.extend({ cartVersion: CartVersion.optional() }),
    output: Checkout,
    status: 201,
    location: '/v1/checkouts/{checkoutId}',
    errors: freezeErrors,
  }),
  changeCheckout: command({
    http: 'PATCH /v1/checkouts/{checkoutId}',
    summary: 'Say more at the checkout; its quote is made anew, of the cart as it is now',
    caller: 'anyone',
    key: 'caller.customerId',
    input: CheckoutChange.extend({ checkoutId: z.uuid(), cartVersion: CartVersion.optional() }),
    output: Checkout,
    errors: { NOT_FOUND: 404, ALREADY_PLACED: 409, ...freezeErrors },
  }),
  getCheckout: query({
    http: 'GET /v1/checkouts/{checkoutId}',
    summary: 'Read my checkout',
    caller: 'anyone',
    input: z.object({ checkoutId: z.uuid() }),
    output: Checkout,
    errors: { NOT_FOUND: 404 },
  }),
  listShippingMethods: query({
    http: 'GET /v1/checkouts/{checkoutId}/shipping-methods',
    summary: 'List the ways in which the goods of my checkout can come to me',
    caller: 'anyone',
    input: z.object({ checkoutId: z.uuid() }),
    output: z.object({ items: z.array(OfferedShipping) }),
    errors: { NOT_FOUND: 404 },
  }),
  placeOrder: command({
    http: 'POST /v1/orders',
    summary: 'Place the order of my checkout, once, and pay it',
    description:
      'Whoever places a checkout again gets the order there is. A quote that holds no more is refused, with the ' +
      'quote that does in `details.quote`; a price that fell is passed on. The order is `placed` when its payment ' +
      'is authorised, waits for cash or a transfer, or is of nothing. It stays `placing` while its last attempt has ' +
      "an `action`, to which the shopper's browser goes, or has failed: then POST …/payments makes another.",
    caller: 'anyone',
    key: 'caller.customerId',
    durable: true,
    input: z.object({ checkoutId: z.uuid(), payment: PaymentMethod }),
    output: Order,
    status: 201,
    location: '/v1/orders/{orderId}',
    errors: {
      NOT_FOUND: 404,
      CUSTOMER_ERASED: 409,
      INSUFFICIENT_STOCK: 409,
      COUPON_USED_UP: 409,
      ...quoteErrors,
    },
    budgetMs: BUDGET_MS,
  }),
  payOrder: command({
    http: 'POST /v1/orders/{orderId}/payments',
    summary: 'Try once more to pay my order, while its goods are held',
    caller: 'anyone',
    key: 'caller.customerId',
    durable: true,
    input: z.object({ orderId: z.uuid(), payment: PaymentMethod }),
    output: Order,
    status: 201,
    errors: { NOT_FOUND: 404, INSUFFICIENT_STOCK: 409, COUPON_USED_UP: 409, ...payErrors },
    budgetMs: BUDGET_MS,
  }),
};
