import { CustomerId, Money, Sku, Timestamp, withoutLimits } from '@stoa/contract-kit';
import { z } from 'zod';
import { OrderAddress } from './checkout.js';
import { Quote } from './quote.js';
import { RefundSplit } from './refund.js';

/** Where an order is on its way. */
export const OrderStatus = z
  .enum(['placing', 'placed', 'cancelled', 'completed'])
  .describe('placing: nothing is bought yet. An order that came to nothing is cancelled, with the reason');
export type OrderStatus = z.infer<typeof OrderStatus>;

export const PaymentStatus = z.enum([
  'pending',
  'requires_action',
  'authorised',
  'captured',
  'partly_refunded',
  'refunded',
  'voided',
  'failed',
]);
export type PaymentStatus = z.infer<typeof PaymentStatus>;

export const FulfilmentStatus = z.enum(['unfulfilled', 'partly', 'fulfilled', 'returned']);
export type FulfilmentStatus = z.infer<typeof FulfilmentStatus>;

/** Why an order is cancelled. */
export const CancelReason = z.enum([
  'shopper',
  'operator',
  'out_of_stock',
  'coupon_used_up',
  'not_paid_in_time',
  'customer_erased',
]);
export type CancelReason = z.infer<typeof CancelReason>;

/** How a shopper wants to pay. Numbers of cards never come here: `token` is the provider's word for one. */
export const PaymentMethod = z.discriminatedUnion('provider', [
  z.object({
    provider: z.literal('card'),
    token: z
      .string()
      .regex(/^pm_\w{1,190}$/, "the provider's token of a payment method: never a card's number")
      .optional(),
    returnUrl: z
      .url({ protocol: /^https?$/ })
      .max(500)
      .optional(),
  }),
  z.object({ provider: z.literal('manual'), kind: z.enum(['transfer', 'cash_on_delivery']) }),
]);
export type PaymentMethod = z.infer<typeof PaymentMethod>;

/** One attempt to pay an order. */
export const Attempt = z.object({
  attemptId: z.uuid(),
  provider: z.enum(['card', 'manual']),
  kind: z.enum(['transfer', 'cash_on_delivery']).nullable(),
  status: z.enum([...PaymentStatus.options, 'unknown']),
  action: z.object({ url: z.string() }).nullable().describe('Where the shopper has to go to pay'),
  reason: z.string().nullable(),
});
export type Attempt = z.infer<typeof Attempt>;

/** How much of a line went out and came back. */
export const OrderLine = withoutLimits(
  z.object({
    sku: Sku,
    title: z.string(),
    quantity: z.int().min(1),
    shipped: z.int().min(0),
    returned: z.int().min(0),
  }),
);
export type OrderLine = z.infer<typeof OrderLine>;

export const Quantity = z.object({ sku: Sku, quantity: z.int().min(1).max(1_000_000) });
export type Quantity = z.infer<typeof Quantity>;

export const Tracking = z.object({
  company: z.string().trim().min(1).max(100),
  code: z.string().trim().min(1).max(100),
  url: z.url().max(500).optional(),
});

/** A parcel. */
export const Fulfilment = z.object({
  fulfilmentId: z.uuid(),
  lines: z.array(Quantity),
  tracking: Tracking.nullable(),
  at: Timestamp,
});
export type Fulfilment = z.infer<typeof Fulfilment>;

/** Goods that came back. */
export const OrderReturn = z.object({
  returnId: z.uuid(),
  lines: z.array(Quantity.extend({ restocked: z.boolean() })),
  reason: z.string().nullable(),
  at: Timestamp,
});
export type OrderReturn = z.infer<typeof OrderReturn>;

/** Money that goes back. */
export const OrderRefund = z.object({
  refundId: z.uuid(),
  amount: z.int().min(1),
  status: z.enum(['pending', 'done', 'failed']),
  split: RefundSplit.nullable().describe('Null: of an order that was cancelled'),
  reason: z.string(),
  at: Timestamp,
});
export type OrderRefund = z.infer<typeof OrderRefund>;

/** One thing that happened to an order, who did it and why. */
export const TimelineEntry = z.object({
  at: Timestamp,
  what: z.string(),
  by: z.enum(['shopper', 'operator', 'shop', 'provider']),
  operatorId: z.uuid().nullable(),
  detail: z.string().nullable(),
});
export type TimelineEntry = z.infer<typeof TimelineEntry>;

/** An order as lists show it. */
export const OrderSummary = z.object({
  orderId: z.uuid(),
  number: z.string().describe('As one says it on the phone'),
  customerId: CustomerId,
  status: OrderStatus,
  paymentStatus: PaymentStatus,
  fulfilmentStatus: FulfilmentStatus,
  total: Money,
  createdAt: Timestamp,
  placedAt: Timestamp.nullable(),
});
export type OrderSummary = z.infer<typeof OrderSummary>;

/** An order. */
export const Order = withoutLimits(
  OrderSummary.extend({
    version: z.int().min(1),
    cancelReason: CancelReason.nullable(),
    email: z.string().nullable(),
    shippingAddress: OrderAddress.nullable(),
    billingAddress: OrderAddress.nullable(),
    quote: Quote.describe('What was bought at which price'),
    lines: z.array(OrderLine),
    attempts: z.array(Attempt),
    captured: Money,
    refunded: Money,
    holdUntil: Timestamp.nullable().describe('Until then its goods are held, or it waits for a bank transfer'),
    fulfilments: z.array(Fulfilment),
    returns: z.array(OrderReturn),
    refunds: z.array(OrderRefund),
    timeline: z.array(TimelineEntry),
    updatedAt: Timestamp,
  }),
);
export type Order = z.infer<typeof Order>;
