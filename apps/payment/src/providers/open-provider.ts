import type { FactoryProvider } from '@nestjs/common';
import { CONFIG } from '@stoa/service';
import type { PaymentConfig } from '../config.js';
import { PROVIDER, type Provider } from './provider.js';
import { StripeProvider } from './stripe-provider.js';

type Account = Pick<PaymentConfig, 'STRIPE_WEBHOOK_SECRET' | 'STRIPE_API_URL' | 'PAYMENT_RETURN_URL'> & {
  readonly STRIPE_SECRET_KEY: string;
};

const LOCAL_KEY = /^sk_local_/;

/** Stripe, or the local provider. A key of Stripe's own is sent to nobody else. */
export function openStripe(account: Account): Provider {
  const { STRIPE_SECRET_KEY: secretKey, STRIPE_WEBHOOK_SECRET: webhookSecret, STRIPE_API_URL: apiUrl } = account;
  return new StripeProvider({
    secretKey,
    webhookSecret,
    apiUrl: LOCAL_KEY.test(secretKey) ? apiUrl : undefined,
    returnUrl: account.PAYMENT_RETURN_URL,
  });
}

/** The provider that the settings name; null: there is none, and nobody pays by card. */
export const paymentProvider: FactoryProvider<Provider | null> = {
  provide: PROVIDER,
  inject: [CONFIG],
  useFactory: ({ STRIPE_SECRET_KEY, ...account }: PaymentConfig) =>
    STRIPE_SECRET_KEY === undefined ? null : openStripe({ ...account, STRIPE_SECRET_KEY }),
};
