import * as fc from 'fast-check';
import { cart as contract, MAX_QUANTITY } from '@stoa/cart-contract';
import { MAX_AMOUNT } from '@stoa/contract-kit';
import { aCart, aProduct, lines, products, productsOf } from '../../test/arbitraries.js';
import { priceCart } from './pricing.js';

const mug = aProduct('MUG', { price: { amount: 1250, currency: 'EUR' } });
const lamp = aProduct('LAMP', { price: { amount: 9900, currency: 'EUR' } });

describe('priceCart', () => {
  it('multiplies and sums in minor units', () => {
    const priced = priceCart(
      aCart([
        { sku: 'MUG', quantity: 3 },
        { sku: 'LAMP', quantity: 1 },
      ]),
      productsOf(mug, lamp),
    );
    expect(priced.lines.map((line) => line.total)).toEqual([
      { amount: 3750, currency: 'EUR' },
      { amount: 9900, currency: 'EUR' },
    ]);
    expect(priced).toMatchObject({ itemCount: 4, total: { amount: 13_650, currency: 'EUR' } });
  });

  it('counts what is out of stock in no total but still names its price', () => {
    const out = { ...lamp, available: false };
    const priced = priceCart(
      aCart([
        { sku: 'LAMP', quantity: 1 },
        { sku: 'MUG', quantity: 1 },
      ]),
      productsOf(mug, out),
    );
    expect(priced.total).toEqual({ amount: 1250, currency: 'EUR' });
    expect(priced.lines[0]).toMatchObject({ available: false, unitPrice: { amount: 9900, currency: 'EUR' } });
  });

  it('shows what is not sold any more and what nothing is known of alike, but for the name', () => {
    const gone = { ...lamp, sold: false };
    const cart = aCart([{ sku: 'LAMP', quantity: 2 }]);
    const remembered = priceCart(cart, productsOf(gone));
    const forgotten = priceCart(cart, productsOf());
    expect(remembered.lines[0]).toEqual({
      sku: 'LAMP',
      quantity: 2,
      product: null,
      title: 'The LAMP',
      imageUrl: null,
      unitPrice: null,
      total: null,
      available: false,
    });
    expect(forgotten.lines[0]).toEqual({ ...remembered.lines[0], title: 'LAMP' });
    expect([remembered.total, forgotten.total]).toEqual([null, null]);
  });

  it('leaves out a line that came to be priced in another currency', () => {
    const foreign = { ...lamp, price: { amount: 1, currency: 'CHF' } };
    const priced = priceCart(
      aCart([
        { sku: 'MUG', quantity: 1 },
        { sku: 'LAMP', quantity: 1 },
      ]),
      productsOf(mug, foreign),
    );
    expect(priced.total).toEqual({ amount: 1250, currency: 'EUR' });
    expect(priced.lines[1]).toMatchObject({ available: false, total: { amount: 1, currency: 'CHF' } });
  });

  it('totals exactly the available lines, in one currency, in an output that the contract accepts', () => {
    fc.assert(
      fc.property(lines(), products, (inCart, sold) => {
        const priced = priceCart(aCart(inCart), sold);
        expect(contract.getCart.output.safeParse(priced).error).toBeUndefined();
        const counted = priced.lines.filter((line) => line.available);
        const sum = counted.reduce((total, line) => total + BigInt(line.total?.amount ?? 0), 0n);
        expect(BigInt(priced.total?.amount ?? 0)).toBe(sum);
        expect(counted.every((line) => line.total?.currency === priced.total?.currency)).toBe(true);
        expect(counted.every((line) => sold.get(line.sku)?.sold && sold.get(line.sku)?.available)).toBe(true);
      }),
    );
  });

  it('stays exact for a hundred lines at the highest price', () => {
    const many = Array.from({ length: 100 }, (_, n) => ({ sku: `S${n}`, quantity: 999 }));
    const dear = many.map(({ sku }) => aProduct(sku, { price: { amount: 999_999_999_999, currency: 'EUR' } }));
    const priced = priceCart(aCart(many), productsOf(...dear));
    expect(priced.lines.filter((line) => line.available)).toHaveLength(9);
    expect(priced.total).toEqual({ amount: 999_999_999_999 * 999 * 9, currency: 'EUR' });
  });

  it('stays exact for the largest line that the limits allow', () => {
    expect(MAX_QUANTITY * MAX_AMOUNT).toBeLessThanOrEqual(Number.MAX_SAFE_INTEGER);
  });
});
