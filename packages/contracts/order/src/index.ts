import { Cursor, pageLimit, pageOf, query, service } from '@stoa/contract-kit';
import { z } from 'zod';
import { couponOperations } from './coupon-operations.js';
import { events } from './events.js';
import { invoiceOperations } from './invoices.js';
import { OrderSummary } from './order.js';
import { ruleOperations } from './rule-operations.js';

export { Invoice, InvoiceLine, InvoiceNumber, type InvoiceDraft } from './invoices.js';
export * from './order.js';
export * from './quote.js';
export * from './refund.js';
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
      summary: 'List my orders, the newest first',
      caller: 'anyone',
      input: z.object({ limit: pageLimit(50), cursor: Cursor.optional() }),
      output: pageOf(OrderSummary),
    }),

    ...events,
    ...ruleOperations,
    ...couponOperations,
    ...invoiceOperations,
  },
);
