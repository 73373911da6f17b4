import { CustomerId, event, Money, Timestamp, withoutLimits } from '@stoa/contract-kit';
import { z } from 'zod';
import { CancelReason, FulfilmentStatus, OrderStatus, PaymentStatus, Quantity } from './order.js';

const about = { customerId: CustomerId, orderId: z.uuid() };
const Quantities = z.array(withoutLimits(Quantity));

/** Events of orders, keyed by customer, whose events stay in order. */
export const events = {
  orderPlaced: event({
    summary: 'An order was bought: its goods are sold',
    key: 'customerId',
    data: z.object({
      ...about,
      number: z.string(),
      lines: Quantities,
      total: Money,
      cartVersion: z.int().min(0),
      coupon: z.string().nullable(),
      at: Timestamp,
    }),
  }),
  orderRefused: event({
    summary: 'An order came to nothing before it was bought',
    key: 'customerId',
    data: z.object({ ...about, reason: CancelReason, at: Timestamp }),
  }),
  orderCancelled: event({
    summary: 'An order that was bought was cancelled: its goods are for sale again',
    key: 'customerId',
    data: z.object({ ...about, lines: Quantities, reason: CancelReason, at: Timestamp }),
  }),
  itemsRestocked: event({
    summary: 'Goods of an order came back and are for sale again',
    key: 'customerId',
    data: z.object({ ...about, returnId: z.uuid(), lines: Quantities, at: Timestamp }),
  }),
  orderChanged: event({
    summary: 'An order changed',
    key: 'customerId',
    data: z.object({
      ...about,
      number: z.string(),
      orderVersion: z.int().min(1),
      status: OrderStatus,
      paymentStatus: PaymentStatus,
      fulfilmentStatus: FulfilmentStatus,
      at: Timestamp,
    }),
  }),
};
