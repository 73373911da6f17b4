import {
  command,
  Cursor,
  CustomerId,
  event,
  Moment,
  Money,
  pageBothWays,
  pageLimit,
  query,
  service,
  Timestamp,
} from '@stoa/contract-kit';
import { z } from 'zod';
import {
  Amount,
  AuthoriseReply,
  PaymentDetails,
  PaymentMethod,
  PaymentState,
  PaymentStatus,
  PaymentSummary,
  Reason,
} from './payment.js';

export * from './payment.js';

const ofAttempt = { customerId: CustomerId, orderId: z.uuid(), attemptId: z.uuid() };

/** The provider is asked in these: for as long as it may take, and a little more. */
const BUDGET_MS = 12_000;

const description =
  'Payments of orders, at a provider and by hand. An attempt ends in the word of the provider only. Where it gives ' +
  'none, the attempt is unknown, nothing is charged again, and the provider is asked until it says how it ended.';

/** Payments of orders. */
export const payment = service(
  'payment',
  { version: 1, title: 'Payment', description },
  {
    authorise: command({
      summary: "Hold an order's amount, or begin to; an older attempt that is still open is given up",
      caller: 'service:order',
      key: 'input.customerId',
      input: z.object({
        ...ofAttempt,
        amount: Amount,
        method: PaymentMethod,
        email: z.string().max(320).optional().describe('Not kept'),
      }),
      output: AuthoriseReply,
      errors: {
        CURRENCY_MISMATCH: 409,
        ALREADY_PAID: 409,
        ATTEMPT_UNSETTLED: 409,
        ATTEMPT_ID_REUSED: 409,
        METHOD_UNAVAILABLE: 409,
        AMOUNT_UNSUPPORTED: 409,
      },
      budgetMs: BUDGET_MS,
    }),
    capture: command({
      summary: 'Take what is held, or a part of it: once; the rest is released',
      caller: 'service:order',
      key: 'input.customerId',
      input: z.object({ ...ofAttempt, amount: Amount }),
      output: PaymentState,
      errors: { NOT_FOUND: 404, NOTHING_TO_CAPTURE: 409, CURRENCY_MISMATCH: 409 },
      budgetMs: BUDGET_MS,
    }),
    void: command({
      summary: 'Release what is held; what is over stays as it is',
      caller: 'service:order',
      key: 'input.customerId',
      input: z.object({ ...ofAttempt, reason: Reason }),
      output: PaymentState,
      errors: { NOT_FOUND: 404, ALREADY_CAPTURED: 409 },
      budgetMs: BUDGET_MS,
    }),
    refund: command({
      summary: 'Give back a part of what was taken',
      caller: 'service:order',
      key: 'input.customerId',
      input: z.object({
        customerId: CustomerId,
        orderId: z.uuid(),
        refundId: z.uuid(),
        amount: Amount,
        reason: Reason,
      }),
      output: PaymentState,
      errors: { NOT_FOUND: 404, REFUND_EXCEEDS_CAPTURE: 409, CURRENCY_MISMATCH: 409, REFUND_ID_REUSED: 409 },
      budgetMs: BUDGET_MS,
    }),
    receiveStripeEvent: command({
      http: 'POST /v1/payments/webhooks/stripe',
      summary: "Take an event of the payment provider: for the provider only, which signs the request's bytes",
      caller: 'anyone',
      key: 'command.id',
      rawBody: { maxBytes: 65_536, headers: ['stripe-signature'] },
      input: z.object({ body: z.string(), headers: z.record(z.string(), z.string()) }),
      output: z.object({ received: z.boolean().describe('False: it is about nothing here') }),
      errors: { SIGNATURE_INVALID: 400 },
      // A provider sends several events a payment, all from few addresses. What is refused comes again.
      rateLimit: { points: 30_000, seconds: 60, by: 'address' },
    }),
    markReceived: command({
      http: 'POST /v1/payments/{id}/received',
      summary: 'Say that the money of a transfer, or of a delivery, has been received',
      caller: 'operator:orders',
      key: 'input.id',
      input: z.object({ id: z.uuid(), amount: Amount }),
      output: PaymentState,
      errors: { NOT_FOUND: 404, NOT_AWAITED: 409, AMOUNT_MISMATCH: 409, CURRENCY_MISMATCH: 409 },
    }),

    listPayments: query({
      http: 'GET /v1/payments',
      summary: 'List payments, the newest first',
      description:
        'With `unsettledMinutes`, those of which a provider has been asked in vain for as long: it may have taken ' +
        'money of which nothing is known here, or not done what was asked of it.',
      caller: 'operator:orders',
      input: z.object({
        status: PaymentStatus.optional(),
        customerId: CustomerId.optional(),
        from: Moment.optional(),
        until: Moment.optional(),
        unsettledMinutes: z.coerce.number().int().min(0).max(100_000).optional(),
        order: z.enum(['asc', 'desc']).default('desc'),
        limit: pageLimit(100),
        cursor: Cursor.optional(),
      }),
      output: pageBothWays(PaymentSummary),
      budgetMs: 10_000,
    }),
    getPayment: query({
      http: 'GET /v1/payments/{id}',
      summary: 'Show the payment of an order, with its attempts and refunds',
      caller: 'operator:orders',
      input: z.object({ id: z.uuid() }),
      output: PaymentDetails,
      errors: { NOT_FOUND: 404 },
      budgetMs: 10_000,
    }),
    listMyPayments: query({
      http: 'GET /v1/me/payments',
      summary: 'List my payments, the newest first',
      caller: 'anyone',
      input: z.object({}),
      output: z.object({ items: z.array(PaymentDetails) }),
      personalData: true,
    }),

    paymentChanged: event({
      summary: 'An attempt or a refund changed, by the word of the provider or by hand',
      key: 'customerId',
      data: z.object({
        customerId: CustomerId,
        orderId: z.uuid(),
        attemptId: z.uuid(),
        status: PaymentStatus.describe('Of this attempt'),
        captured: Money.describe('Of all attempts, as are the sums below'),
        refunded: Money,
        pendingRefunds: Money,
        refundId: z.uuid().optional().describe('The refund that changed; its reason is `surplus` where nobody asked'),
        refundStatus: z.enum(['pending', 'succeeded', 'failed']).optional(),
        reason: z.string().optional(),
        at: Timestamp,
      }),
    }),
  },
);
