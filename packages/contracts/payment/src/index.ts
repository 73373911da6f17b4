import { CustomerId, Money, query, service, Timestamp } from '@stoa/contract-kit';
import { z } from 'zod';

/** An attempt to pay an order, as its customer sees it. */
export const PaymentAttempt = z.object({
  attemptId: z.uuid(),
  orderId: z.uuid(),
  customerId: CustomerId,
  status: z.string(),
  amount: Money,
  createdAt: Timestamp,
});
export type PaymentAttempt = z.infer<typeof PaymentAttempt>;

/** Payments of orders. */
export const payment = service(
  'payment',
  { version: 1, title: 'Payment', description: 'Payments of orders, at providers and by hand.' },
  {
    listMyPayments: query({
      http: 'GET /v1/payments',
      summary: 'List my latest payments, the newest first',
      caller: 'anyone',
      input: z.object({}),
      output: z.object({ items: z.array(PaymentAttempt) }),
    }),
  },
);
