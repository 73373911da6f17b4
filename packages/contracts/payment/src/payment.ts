import { CustomerId, Money, Timestamp } from '@stoa/contract-kit';
import { z } from 'zod';

/** The state of an attempt, and of a payment: that of its attempt which took money, or holds it, or is the newest. */
export const PaymentStatus = z.enum([
  'unknown',
  'requires_action',
  'pending',
  'authorised',
  'failed',
  'voided',
  'captured',
  'partly_refunded',
  'refunded',
]);
export type PaymentStatus = z.infer<typeof PaymentStatus>;

/** All that is held of a card: the provider has the rest. */
export const Card = z.object({ brand: z.string(), last4: z.string().regex(/^\d{4}$/) });

/** Money to be paid: more than nothing. What costs nothing is paid without a payment. */
export const Amount = Money.extend({ amount: z.int().min(1).max(999_999_999_999) });

export const Reason = z.string().min(1).max(200);

/** How a payment is made: by card at the provider, or by hand. */
export const PaymentMethod = z.discriminatedUnion('provider', [
  z.object({
    provider: z.literal('card'),
    token: z
      .string()
      .regex(/^pm_\w{1,250}$/, "the provider's token of a payment method: never a card's number")
      .optional()
      .describe("A payment method that the provider's own page made; without it, action.url leads to such a page"),
    returnUrl: z
      .url({ protocol: /^https?$/ })
      .max(2000)
      .optional()
      .describe("Where the provider's page leads back to"),
  }),
  z.object({ provider: z.literal('manual'), kind: z.enum(['transfer', 'cash_on_delivery']) }),
]);
export type PaymentMethod = z.infer<typeof PaymentMethod>;

/** An attempt as the order sees it. */
export const AuthoriseReply = z.object({
  attemptId: z.uuid(),
  status: z.enum(['authorised', 'requires_action', 'pending', 'failed', 'unknown', 'voided', 'captured']),
  action: z.object({ url: z.string() }).optional().describe('Where the shopper goes to pay or approve'),
  reason: z.string().optional(),
  card: Card.optional(),
});

export const PaymentState = z.object({
  customerId: CustomerId,
  orderId: z.uuid(),
  attemptId: z.uuid(),
  status: PaymentStatus,
  captured: Money,
  refunded: Money,
  pendingRefunds: Money,
});
export type PaymentState = z.infer<typeof PaymentState>;

export const AttemptView = z.object({
  attemptId: z.uuid(),
  method: z.enum(['card', 'transfer', 'cash_on_delivery']),
  status: PaymentStatus,
  amount: Money,
  captured: Money,
  reason: z.string().nullable(),
  wanted: z.enum(['capture', 'void']).nullable().describe('Asked of the provider, which has not done it yet'),
  reference: z.string().nullable().describe("The provider's id"),
  card: Card.nullable(),
  tries: z.int().describe('How often the provider was asked without a new reply'),
  createdAt: Timestamp,
  updatedAt: Timestamp,
});

export const RefundView = z.object({
  refundId: z.uuid(),
  attemptId: z.uuid(),
  status: z.enum(['pending', 'succeeded', 'failed']),
  amount: Money,
  reason: z.string(),
  reference: z.string().nullable(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
});

/** A payment in a list. */
export const PaymentSummary = z.object({
  paymentId: z.uuid().describe("The order's id: an order has one payment, of one or more attempts"),
  customerId: CustomerId,
  status: PaymentStatus,
  amount: Money,
  captured: Money,
  refunded: Money,
  pendingRefunds: Money,
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type PaymentSummary = z.infer<typeof PaymentSummary>;

export const PaymentDetails = PaymentSummary.extend({
  attempts: z.array(AttemptView),
  refunds: z.array(RefundView),
});
export type PaymentDetails = z.infer<typeof PaymentDetails>;
