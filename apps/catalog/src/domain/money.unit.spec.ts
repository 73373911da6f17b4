import { MAX_AMOUNT } from '@stoa/contract-kit';
import * as fc from 'fast-check';
import { exponentOf, formatPrice, isCurrency, parsePrice } from './money.js';

const amountOf = (text: string, currency = 'USD'): number | string => {
  const price = parsePrice(text, currency);
  return 'reason' in price ? price.reason : price.amount;
};

describe('a price', () => {
  it.each([
    ['10', 'USD', 1000],
    ['9.99', 'USD', 999],
    ['0.1', 'USD', 10],
    [' 12.50 ', 'EUR', 1250],
    ['12.', 'EUR', 1200],
    ['1.5000', 'EUR', 150],
    ['1200', 'JPY', 1200],
    ['1200.00', 'JPY', 1200],
    ['1.234', 'KWD', 1234],
    ['-0.00', 'USD', 0],
    ['9999999999.99', 'USD', MAX_AMOUNT],
    // 1.005 * 100 is 100.49999999999999 in floating point.
    ['1.005', 'BHD', 1005],
    ['4.35', 'USD', 435],
  ])('%p in %s is %p minor units', (text, currency, amount) => {
    expect(amountOf(text, currency)).toBe(amount);
  });

  it.each([
    ['-5', 'is negative: "-5"'],
    ['1.234', 'has more decimals than USD has (2): "1.234"'],
    ['10000000000', 'is too high: "10000000000"'],
    ['9'.repeat(400), 'is too high'],
    ['1,50', 'is not a price: "1,50"'],
    ['1.000,50', 'is not a price'],
    ['$5', 'is not a price'],
    ['5 USD', 'is not a price'],
    ['1e3', 'is not a price'],
    ['NaN', 'is not a price'],
    ['.5', 'is not a price'],
    ['', 'is not a price'],
    ['٣', 'is not a price'],
  ])('%p is refused', (text, reason) => {
    expect(amountOf(text)).toEqual(expect.stringContaining(reason));
  });

  it('is read back as it was written, in every currency', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: MAX_AMOUNT }),
        fc.constantFrom('USD', 'JPY', 'KWD', 'CLF'),
        (amount, currency) => {
          expect(parsePrice(formatPrice({ amount, currency }), currency)).toEqual({ amount, currency });
        },
      ),
    );
  });
});

describe('a currency', () => {
  it('has the decimals of ISO 4217', () => {
    expect(['USD', 'JPY', 'KWD', 'CLF', 'ISK', 'HUF', 'AFN'].map(exponentOf)).toEqual([2, 0, 3, 4, 0, 2, 2]);
  });

  it('is known or not', () => {
    expect(['USD', 'EUR', 'UYW', 'ZZQ', 'usd', ''].map(isCurrency)).toEqual([true, true, true, false, false, false]);
  });
});
