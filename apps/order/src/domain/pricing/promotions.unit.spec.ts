import type { Promotion } from '@stoa/order-contract';
import { anInput, aProduct, aPromotion, productsOf, theRules } from '../../../test/pricing-arbitraries.js';
import { price, type PriceInput } from './price.js';

const EVERYTHING = { products: [], skus: [], categories: [], tags: [] };
const PERCENT = { kind: 'percent', percent: '10' } as const;
const off = (amount: number, currency = 'EUR') => ({ kind: 'amount', amount: { amount, currency } }) as const;

const quoteOf = (promotions: readonly Promotion[], with_: Partial<PriceInput> = {}) =>
  price(anInput({ rules: theRules({ promotions: [...promotions] }), ...with_ }));
const savedBy = (promotions: readonly Promotion[], with_: Partial<PriceInput> = {}) =>
  quoteOf(promotions, with_).discounts.map(({ promotion, amount }) => [promotion, amount]);
const problemOf = (promotion: Partial<Promotion>, with_: Partial<PriceInput> = {}) =>
  quoteOf([aPromotion({ id: 'p', effect: PERCENT, code: 'SAVE-10', ...promotion })], {
    coupon: 'save-10',
    ...with_,
  }).problems.map(({ code }) => code);

describe('promotions', () => {
  it('take off per cent, an amount, pieces or the shipping', () => {
    expect(savedBy([aPromotion({ id: 'p', effect: PERCENT })])).toEqual([['p', 100]]);
    expect(savedBy([aPromotion({ id: 'p', effect: off(300) })])).toEqual([['p', 300]]);
    expect(savedBy([aPromotion({ id: 'p', effect: off(300_000) })])).toEqual([['p', 1000]]);
    expect(savedBy([aPromotion({ id: 'p', effect: { kind: 'free_shipping' } })])).toEqual([['p', 490]]);
    const threeForTwo = aPromotion({ id: 'p', effect: { kind: 'x_for_y', take: 3, pay: 2 } });
    expect(savedBy([threeForTwo], { lines: [{ sku: 'SKU-0', quantity: 7 }] })).toEqual([['p', 2000]]);
  });

  it('leave the dear pieces to be paid and give the cheap ones', () => {
    const products = productsOf(aProduct('SKU-0'), aProduct('SKU-1', { price: { amount: 200, currency: 'EUR' } }));
    const lines = [
      { sku: 'SKU-0', quantity: 2 },
      { sku: 'SKU-1', quantity: 1 },
    ];
    const promotion = aPromotion({ id: 'p', effect: { kind: 'x_for_y', take: 3, pay: 2 } });
    expect(savedBy([promotion], { products, lines })).toEqual([['p', 200]]);
  });

  it('are on products, SKUs, categories or tags that they name, and on all goods otherwise', () => {
    const products = productsOf(
      aProduct('SKU-0', { category: 'Kitchen', tags: ['blue', 'sale'] }),
      aProduct('SKU-1', { category: 'Garden' }),
    );
    const lines = ['SKU-0', 'SKU-1'].map((sku) => ({ sku, quantity: 1 }));
    const saved = (on: Partial<Promotion['on']>) =>
      savedBy([aPromotion({ id: 'p', effect: PERCENT, on: { ...EVERYTHING, ...on } })], { products, lines });
    expect(saved({})).toEqual([['p', 200]]);
    for (const on of [
      { products: ['product-sku-0'] },
      { skus: ['SKU-0'] },
      { categories: ['Kitchen'] },
      { tags: ['sale'] },
    ])
      expect(saved(on)).toEqual([['p', 100]]);
    expect(saved({ tags: ['sale'], skus: ['SKU-1'] })).toEqual([['p', 200]]);
    expect(saved({ tags: ['red'] })).toEqual([]);
  });

  it('go by what earlier ones left, in the order of their priorities', () => {
    const first = aPromotion({ id: 'z', effect: off(500), priority: 1 });
    const second = aPromotion({ id: 'a', effect: PERCENT, priority: 2 });
    expect(savedBy([second, first])).toEqual([
      ['z', 500],
      ['a', 50],
    ]);
  });

  it('that do not combine are given alone, where the shopper pays least', () => {
    const alone = (amount: number) => aPromotion({ id: 'alone', effect: off(amount), combines: false });
    const together = [aPromotion({ id: 'x', effect: off(100) }), aPromotion({ id: 'y', effect: off(200) })];
    expect(savedBy([alone(250), ...together])).toEqual([
      ['x', 100],
      ['y', 200],
    ]);
    expect(savedBy([alone(350), ...together])).toEqual([['alone', 350]]);
    const coupon = aPromotion({ id: 'c', code: 'LITTLE', effect: off(50), combines: false });
    const quote = quoteOf([coupon, ...together], { coupon: 'little' });
    expect(quote).toMatchObject({ coupon: { code: 'LITTLE', applied: false }, problems: [], total: 1190 });
  });

  it('of a code are given to who names it, in any case', () => {
    const coupon = aPromotion({ id: 'c', code: 'SAVE-10', effect: PERCENT, limit: 5 });
    const given = quoteOf([coupon], { coupon: ' save-10 ' });
    expect(given).toMatchObject({ coupon: { code: 'SAVE-10', applied: true }, goods: 1000, problems: [] });
    expect(given.uses).toEqual([{ counter: 'code:SAVE-10:c', promotion: 'c', code: 'SAVE-10' }]);
    expect(quoteOf([coupon])).toMatchObject({ coupon: null, discounts: [], uses: [], problems: [] });
  });

  it('say what is wrong with a coupon', () => {
    expect(problemOf({})).toEqual([]);
    expect(problemOf({}, { coupon: 'OTHER' })).toEqual(['COUPON_UNKNOWN']);
    expect(problemOf({ active: false })).toEqual(['COUPON_UNKNOWN']);
    expect(problemOf({ until: '2026-12-01T12:00:00Z' })).toEqual(['COUPON_OVER']);
    expect(problemOf({ from: '2026-12-01T12:00:01Z' })).toEqual(['COUPON_NOT_YET']);
    expect(problemOf({ from: '2026-12-01T12:00:00Z', until: '2026-12-01T12:00:01Z' })).toEqual([]);
    expect(problemOf({ firstOrder: true }, { shopper: { ...anInput().shopper, hasOrdered: true } })).toEqual([
      'COUPON_NOT_FOR_THIS_CART',
    ]);
    const forOther: Partial<Promotion>[] = [
      { on: { ...EVERYTHING, tags: ['red'] } },
      { minimum: { amount: { amount: 1001, currency: 'EUR' }, pieces: null } },
      { minimum: { amount: null, pieces: 2 } },
      { effect: off(100, 'USD') },
    ];
    for (const each of forOther) expect(problemOf(each)).toEqual(['COUPON_NOT_FOR_THIS_CART']);
  });

  it('are not given any more once they were given as often as they may be, as far as that is known', () => {
    const counted = (inAll: number, byCustomer: number) => ({
      useCounts: new Map([['code:SAVE-10:p', { inAll, byCustomer }]]),
    });
    expect(problemOf({ limit: 5 }, counted(5, 0))).toEqual(['COUPON_USED_UP']);
    expect(problemOf({ limit: 5 }, counted(4, 4))).toEqual([]);
    expect(problemOf({ limitPerCustomer: 1 }, counted(4, 1))).toEqual(['COUPON_USED_UP']);
  });

  it('never make a total negative, and a total of 0 is one', () => {
    const everything = [
      aPromotion({ id: 'p', effect: { kind: 'percent', percent: '100' } }),
      aPromotion({ id: 'q', effect: off(500) }),
      aPromotion({ id: 's', effect: { kind: 'free_shipping' } }),
    ];
    expect(quoteOf(everything)).toMatchObject({ total: 0, tax: 0, net: 0, problems: [] });
  });
});
