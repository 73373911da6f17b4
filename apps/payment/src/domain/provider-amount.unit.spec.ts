import { fromStripeAmount, toStripeAmount } from './provider-amount.js';

describe("amounts in the provider's smallest unit", () => {
  it.each([
    ['EUR', 1_234, 1_234],
    ['JPY', 500, 500],
    ['KWD', 12_340, 12_340],
    ['ISK', 77, 7_700],
    ['HUF', 100_000, 100_000],
    ['IDR', 1_500_000, 1_500_000],
    ['MGA', 12_300, 123],
    ['UGX', 77, 7_700],
  ])('%s: %i is %i', (currency, here, there) => {
    expect(toStripeAmount(here, currency)).toBe(there);
    expect(fromStripeAmount(there, currency)).toBe(here);
  });

  it('are refused where the provider rounds', () => {
    expect(toStripeAmount(12_345, 'KWD')).toBeUndefined();
  });

  it('come back as they went, in every currency', () => {
    for (const currency of Intl.supportedValuesOf('currency')) {
      for (const amount of [1, 10, 999, 123_450, 999_999_990]) {
        const there = toStripeAmount(amount, currency);
        if (there !== undefined) expect(fromStripeAmount(there, currency)).toBe(amount);
      }
    }
  });
});
