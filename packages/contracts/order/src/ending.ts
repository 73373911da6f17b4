import { command, CustomerId, query } from '@stoa/contract-kit';
import { z } from 'zod';
import { Checkout } from './checkout.js';
import { Order } from './order.js';

const Reason = z.string().trim().min(1).max(500);
const errors = { NOT_FOUND: 404, NOT_CANCELLABLE: 409 } as const;

/** How orders end before they are shipped, and what is held of whoever made them. */
export const ending = {
  cancelOrder: command({
    http: 'POST /v1/orders/{orderId}/cancellation',
    summary: 'Cancel my order, as long as nothing of it was shipped; what was paid goes back',
    caller: 'anyone',
    key: 'caller.customerId',
    input: z.object({ orderId: z.uuid(), reason: Reason.optional() }),
    output: Order,
    errors,
  }),
  cancelForShopper: command({
    http: 'POST /v1/shop/orders/{orderId}/cancellation',
    summary: 'Cancel an order, as long as nothing of it was shipped; what was paid goes back',
    caller: 'operator:orders',
    key: 'input.orderId',
    input: z.object({ orderId: z.uuid(), reason: Reason }),
    output: Order,
    errors,
  }),
  endOrder: command({
    summary: 'Cancel an order for an operator',
    caller: 'operator:orders',
    key: 'input.customerId',
    input: z.object({ customerId: CustomerId, orderId: z.uuid(), reason: Reason }),
    output: Order,
    errors,
  }),
  myOrderData: query({
    summary: 'Everything that is held of my orders and checkouts',
    caller: 'anyone',
    input: z.object({}),
    output: z.object({ orders: z.array(Order), checkouts: z.array(Checkout) }),
    personalData: true,
    budgetMs: 10_000,
  }),
};
