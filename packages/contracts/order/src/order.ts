import { CustomerId, Money, Timestamp } from '@stoa/contract-kit';
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
