import { Cursor, pageLimit, pageOf, query, service } from '@stoa/contract-kit';
import { z } from 'zod';
import { buying } from './buying.js';
import { couponOperations } from './coupon-operations.js';
import { ending } from './ending.js';
import { events } from './events.js';
import { handling } from './handling.js';
import { invoiceOperations } from './invoices.js';
import { Order, OrderSummary } from './order.js';
import { reportOperations } from './reports.js';
import { ruleOperations } from './rule-operations.js';
import { steps } from './steps.js';

export * from './checkout.js';
export { Invoice, InvoiceLine, InvoiceNumber, type InvoiceDraft } from './invoices.js';
export { type OrderWork } from './handling.js';
export * from './limits.js';
export * from './order.js';
export * from './quote.js';
export * from './refund.js';
export { DailySales, SoldProduct } from './reports.js';
export * from './rule-limits.js';
export { RULE_SCHEMAS, type RuleChange, type RuleList } from './rule-operations.js';
export * from './rules.js';

/** Checkouts and orders of customers and guests. */
export const order = service(
  'order',
  { version: 1, title: 'Order', description: 'Checkouts and orders of guests and customers.' },
  {
    listMyOrders: query({
      http: 'GET /v1/orders',
      summary: 'List my orders, the newest first; without those that came to nothing',
      caller: 'anyone',
      input: z.object({ limit: pageLimit(50), cursor: Cursor.optional() }),
      output: pageOf(OrderSummary),
    }),

    getOrder: query({
      http: 'GET /v1/orders/{orderId}',
      summary: 'Read my order',
      caller: 'anyone',
      input: z.object({ orderId: z.uuid() }),
      output: Order,
      errors: { NOT_FOUND: 404 },
    }),

    ...buying,
    ...ending,
    ...ruleOperations,
    ...couponOperations,
    ...invoiceOperations,
    ...reportOperations,
    ...handling,
    ...steps,
    ...events,
  },
);
