import { CustomerId, Money, Sku, Timestamp } from '@stoa/contract-kit';
import { z } from 'zod';

/** Where an order is on its way. */
export const OrderStatus = z.enum(['placing', 'placed', 'cancelled', 'completed', 'refused']);
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

export const Quantity = z.object({ sku: Sku, quantity: z.int().min(1).max(1_000_000) });
export type Quantity = z.infer<typeof Quantity>;

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
});
export type OrderSummary = z.infer<typeof OrderSummary>;
