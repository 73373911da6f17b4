import { shardedVariables } from '@stoa/sharded-service';
import { z } from 'zod';

/** The payment service's environment. */
export const paymentVariables = shardedVariables.extend({
  STRIPE_SECRET_KEY: z
    .string()
    .min(8)
    .optional()
    .describe('what the payment provider knows this shop by; without it nobody pays by card'),
  STRIPE_WEBHOOK_SECRET: z
    .string()
    .min(8)
    .optional()
    .describe(
      "checks the provider's webhooks, which lead to /v1/payments/webhooks/stripe; without it none is believed",
    ),
  STRIPE_API_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("the local provider (infra/payments), for keys that begin with sk_local_; others are Stripe's own"),
  PAYMENT_RETURN_URL: z
    .url({ protocol: /^https?$/ })
    .default('http://127.0.0.1:4000')
    .describe("where the provider's page leads back to, if an order names no other"),
});
export type PaymentConfig = z.output<typeof paymentVariables>;
