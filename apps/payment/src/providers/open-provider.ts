import type { FactoryProvider } from '@nestjs/common';
import { CONFIG } from '@stoa/service';
import type { PaymentConfig } from '../config.js';
import { PROVIDER, type Provider } from './provider.js';
import { StripeProvider } from './stripe-provider.js';

const LOCAL_KEY = /^sk_local_/;

/** The provider that the settings name; null: there is none, and nobody pays by card. */
export const paymentProvider: FactoryProvider<Provider | null> = {
  provide: PROVIDER,
  inject: [CONFIG],
  useFactory: (config: PaymentConfig) => {
    const { STRIPE_SECRET_KEY: secretKey, STRIPE_WEBHOOK_SECRET: webhookSecret, STRIPE_API_URL: apiUrl } = config;
    if (secretKey === undefined) return null;
    // A key of Stripe's own is sent to nobody else.
    const url = LOCAL_KEY.test(secretKey) ? apiUrl : undefined;
    return new StripeProvider({ secretKey, webhookSecret, apiUrl: url, returnUrl: config.PAYMENT_RETURN_URL });
  },
};
