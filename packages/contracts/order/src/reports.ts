import {
  Cursor,
  CustomerId,
  Day,
  Moment,
  Money,
  pageBothWays,
  pageLimit,
  query,
  Sku,
  WholeNumber,
  withoutLimits,
} from '@stoa/contract-kit';
import { z } from 'zod';
import { FulfilmentStatus, OrderStatus, OrderSummary, PaymentStatus } from './order.js';

/** The promise of each query over all shards; part of each operation's description. */
const CONSISTENCY = `Reads every shard, each from one snapshot, in which the shard proves that it holds the orders it gives: every order \
is read exactly once, also while orders are moved between shards. It is not one instant of all shards. When a shard gives nothing in \
time, the query fails with UNAVAILABLE, which names it.`;

const period = {
  from: Day.describe('The first day, in UTC'),
  until: Day.describe('The last day, in UTC; at most 366 days later'),
};
const errors = { BAD_PERIOD: 422 } as const;
const costly = { budgetMs: 10_000, rateLimit: { points: 30, seconds: 60 } } as const;

/** The orders of one day in one currency. */
export const DailySales = z.object({
  day: Day,
  currency: Money.shape.currency,
  orders: z.int().min(1),
  amount: WholeNumber.describe("The sum of their totals, in the currency's minor units; refunds are not taken off"),
});
export type DailySales = z.infer<typeof DailySales>;

export const SoldProduct = withoutLimits(
  z.object({
    sku: Sku,
    title: z.string().describe('As one of the orders has it'),
    quantity: z.int().min(1),
    orders: z.int().min(1),
  }),
);
export type SoldProduct = z.infer<typeof SoldProduct>;

/** Operators' queries over the orders of all shards. */
export const reportOperations = {
  listOrders: query({
    http: 'GET /v1/shop/orders',
    summary: 'List the orders of the shop by state, time, customer or number',
    description: `In the order in which they were made, page by page in both directions. A cursor belongs to its list: the other \
parameters, but for \`limit\`, must stay the same. ${CONSISTENCY}`,
    caller: 'operator:orders',
    input: z.object({
      status: OrderStatus.optional(),
      paymentStatus: PaymentStatus.optional(),
      fulfilmentStatus: FulfilmentStatus.optional(),
      customerId: CustomerId.optional(),
      number: z.string().min(1).max(20).optional().describe('As one says it: in any case, with or without dashes'),
      from: Moment.optional().describe('Made then or later'),
      until: Moment.optional().describe('Made before'),
      order: z.enum(['asc', 'desc']).default('desc').describe('asc: the oldest first'),
      limit: pageLimit(100),
      cursor: Cursor.optional().describe('`next` or `previous` of another page of this list'),
    }),
    output: pageBothWays(OrderSummary),
    errors: { BAD_CURSOR: 400 },
  }),
  salesReport: query({
    http: 'GET /v1/reports/sales',
    summary: 'Read how many orders were placed each day and what they came to, by currency',
    description: `Without those that were cancelled. ${CONSISTENCY}`,
    caller: 'operator:orders',
    input: z.object(period),
    output: z.object({ items: z.array(DailySales) }),
    errors,
    ...costly,
  }),
  topSoldProducts: query({
    http: 'GET /v1/reports/top-products',
    summary: 'List the SKUs of which most was sold',
    description: `Of orders that were placed in the period and not cancelled; exact over all shards. ${CONSISTENCY}`,
    caller: 'operator:orders',
    input: z.object({ ...period, limit: pageLimit(100) }),
    output: z.object({ items: z.array(SoldProduct) }),
    errors,
    ...costly,
  }),
};
