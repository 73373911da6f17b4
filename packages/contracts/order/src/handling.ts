import { command, CustomerId } from '@stoa/contract-kit';
import { z } from 'zod';
import { MAX_PARTS } from './limits.js';
import { Order, OrderReturn, Quantity, Tracking } from './order.js';
import { RefundRequest, RefundSplit } from './refund.js';

const Reason = z.string().trim().min(1).max(200);
const Lines = z.array(Quantity).min(1).max(MAX_PARTS);

const errors = {
  NOT_FOUND: 404,
  NOT_SHIPPABLE: 409,
  NOT_COMPLETE: 409,
  TOO_MANY: 409,
  NOT_ORDERED: 422,
  NOTHING_TO_REFUND: 422,
  REFUND_EXCEEDS_LEFT: 409,
} as const;
const { NOT_FOUND, NOT_SHIPPABLE, NOT_COMPLETE, TOO_MANY, NOT_ORDERED, NOTHING_TO_REFUND, REFUND_EXCEEDS_LEFT } =
  errors;

const ofOrder = { customerId: CustomerId, orderId: z.uuid() };

/** One thing that an operator does to an order that was bought. */
export const OrderWork = z.discriminatedUnion('work', [
  z.object({ work: z.literal('ship'), id: z.uuid(), lines: Lines, tracking: Tracking.nullable() }),
  z.object({ work: z.literal('complete') }),
  z.object({ work: z.literal('take_back'), id: z.uuid(), lines: OrderReturn.shape.lines, reason: Reason.nullable() }),
  z.object({ work: z.literal('refund'), id: z.uuid(), request: RefundRequest, reason: Reason }),
  z.object({ work: z.literal('fail_refund'), id: z.uuid() }),
]);
export type OrderWork = z.infer<typeof OrderWork>;

/** Operators' work on orders that were bought: ship, take back, refund. */
export const handling = {
  shipItems: command({
    http: 'POST /v1/shop/orders/{orderId}/fulfilments',
    summary: 'Note that a parcel of an order went out, with what is in it',
    caller: 'operator:orders',
    key: 'input.orderId',
    input: z.object({ orderId: z.uuid(), lines: Lines, tracking: Tracking.nullable().default(null) }),
    output: Order,
    status: 201,
    errors: { NOT_FOUND, NOT_SHIPPABLE, TOO_MANY },
  }),
  completeOrder: command({
    http: 'POST /v1/shop/orders/{orderId}/completion',
    summary: 'End an order that was shipped and paid',
    caller: 'operator:orders',
    key: 'input.orderId',
    input: z.object({ orderId: z.uuid() }),
    output: Order,
    errors: { NOT_FOUND, NOT_COMPLETE },
  }),
  returnItems: command({
    http: 'POST /v1/shop/orders/{orderId}/returns',
    summary: 'Note that goods of an order came back, and which of them go back into the stock',
    caller: 'operator:orders',
    key: 'input.orderId',
    input: z.object({
      orderId: z.uuid(),
      lines: z
        .array(Quantity.extend({ restocked: z.boolean().default(true) }))
        .min(1)
        .max(MAX_PARTS),
      reason: Reason.nullable().default(null),
    }),
    output: Order,
    status: 201,
    errors: { NOT_FOUND, TOO_MANY },
  }),
  refundOrder: command({
    http: 'POST /v1/shop/orders/{orderId}/refunds',
    summary: 'Give back money of an order: of pieces, of the shipping, or an amount',
    description: 'The refund is `pending` until the payment provider has made it.',
    caller: 'operator:orders',
    key: 'input.orderId',
    durable: true,
    input: RefundRequest.extend({ orderId: z.uuid(), reason: Reason }),
    output: z.object({ refundId: z.uuid(), split: RefundSplit, order: Order }),
    status: 201,
    errors: { NOT_FOUND, TOO_MANY, NOT_ORDERED, NOTHING_TO_REFUND, REFUND_EXCEEDS_LEFT },
    budgetMs: 10_000,
  }),

  /** The step of them all, in the bucket of the order. */
  workOnOrder: command({
    summary: 'Do one thing to an order that was bought',
    caller: 'operator:orders',
    key: 'input.customerId',
    input: z.object({ ...ofOrder, what: OrderWork }),
    output: Order,
    errors,
  }),
};
