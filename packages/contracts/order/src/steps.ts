import { command, CustomerId } from '@stoa/contract-kit';
import { z } from 'zod';
import { CartLines, CartVersion, Checkout, CheckoutChange } from './checkout.js';
import { Attempt, CancelReason, Order, PaymentMethod } from './order.js';

/** Why a quote is not placed; each carries the quote that holds now. */
export const quoteErrors = { QUOTE_EXPIRED: 409, CART_CHANGED: 409, PRICE_ROSE: 409, NOT_ORDERABLE: 422 } as const;
export const payErrors = { NOT_PAYABLE: 409, HOLD_EXPIRED: 409 } as const;

const ofOrder = { customerId: CustomerId, orderId: z.uuid() };

/** Steps of the flows: each a transaction of its own in the shopper's bucket, done once. Nobody calls them. */
export const steps = {
  freezeCheckout: command({
    summary: 'Price a cart and keep the quote',
    caller: 'anyone',
    key: 'input.customerId',
    input: z.object({
      customerId: CustomerId,
      checkoutId: z.uuid(),
      isNew: z.boolean(),
      cart: CartLines,
      cartVersion: CartVersion.optional(),
      change: CheckoutChange,
    }),
    output: Checkout,
    errors: { NOT_FOUND: 404, CART_CHANGED: 409, CART_EMPTY: 409, ALREADY_PLACED: 409 },
  }),
  createOrder: command({
    summary: 'Make the order of a checkout, if its quote still holds',
    caller: 'anyone',
    key: 'input.customerId',
    input: z.object({ customerId: CustomerId, checkoutId: z.uuid(), cart: CartLines, payment: PaymentMethod }),
    output: z.object({ isNew: z.boolean(), order: Order }),
    errors: { NOT_FOUND: 404, CUSTOMER_ERASED: 409, ...quoteErrors },
  }),
  startAttempt: command({
    summary: 'Begin another attempt to pay an order',
    caller: 'anyone',
    key: 'input.customerId',
    input: z.object({ ...ofOrder, attemptId: z.uuid(), payment: PaymentMethod }),
    output: Order,
    errors: { NOT_FOUND: 404, ...payErrors },
  }),
  recordPayment: command({
    summary: 'Keep what payment said of an attempt',
    caller: 'anyone',
    key: 'input.customerId',
    input: z.object({
      ...ofOrder,
      attemptId: z.uuid(),
      status: Attempt.shape.status,
      action: z.object({ url: z.string() }).optional(),
      reason: z.string().optional(),
      captured: z.int().min(0).optional(),
      refunded: z.int().min(0).optional(),
    }),
    output: Order,
    errors: { NOT_FOUND: 404 },
  }),
  decideOrder: command({
    summary: 'Decide whether an order is bought or came to nothing: once',
    caller: 'anyone',
    key: 'input.customerId',
    input: z.object({ ...ofOrder, refuse: CancelReason.nullable() }),
    output: Order,
    errors: { NOT_FOUND: 404 },
  }),
  planSettlement: command({
    summary: 'Find what is to be captured, voided and refunded of an order, and which coupons are to be freed',
    caller: 'anyone',
    key: 'input.customerId',
    input: z.object(ofOrder),
    output: z.object({
      currency: z.string(),
      captures: z.array(z.object({ attemptId: z.uuid(), amount: z.int().min(1) })),
      voids: z.array(z.uuid()),
      refunds: z.array(z.object({ refundId: z.uuid(), amount: z.int().min(1), reason: z.string() })),
      coupons: z.array(z.string()),
    }),
    errors: { NOT_FOUND: 404 },
  }),
  settleOrder: command({
    summary: 'Capture what an order costs, or give back what one that came to nothing took',
    caller: 'anyone',
    key: 'input.customerId',
    durable: true,
    input: z.object(ofOrder),
    output: z.object({}),
    errors: { NOT_FOUND: 404 },
    budgetMs: 20_000,
  }),
  finishOrder: command({
    summary: 'Place an order of which a shopper paid later on',
    caller: 'anyone',
    key: 'input.customerId',
    durable: true,
    input: z.object(ofOrder),
    output: z.object({}),
    errors: { NOT_FOUND: 404 },
    budgetMs: 20_000,
  }),
};
