import type { Quote, RefundRequest, RefundSplit } from '@stoa/order-contract';
import { RefundSplit as Split } from '@stoa/order-contract';
import * as fc from 'fast-check';
import { anInput, aProduct, inputs, productsOf, SKUS } from '../../../test/pricing-arbitraries.js';
import { sum } from '../pricing/money.js';
import { price } from '../pricing/price.js';
import { amountOf, leftOf } from './left.js';
import { planRefund } from './plan-refund.js';

const wish = (with_: Partial<RefundRequest>): RefundRequest => ({ lines: [], ...with_ });
const plan = (quote: Quote, done: readonly RefundSplit[], with_: Partial<RefundRequest>, refundable = quote.total) =>
  planRefund(quote, done, wish(with_), refundable - sum(done.map(({ amount }) => amount)));
const planned = (...given: Parameters<typeof plan>): RefundSplit => {
  const refund = plan(...given);
  if ('refused' in refund) throw new Error(refund.detail);
  return refund;
};

/** Three for 10.00 that make 3.33 and a rest. */
const three = price(
  anInput({
    lines: [{ sku: 'SKU-0', quantity: 3 }],
    products: productsOf(aProduct('SKU-0', { price: { amount: 333, currency: 'EUR' } })),
  }),
);
const wishes: fc.Arbitrary<RefundRequest> = fc.record({
  lines: fc.array(fc.record({ sku: fc.constantFrom(...SKUS), quantity: fc.integer({ min: 1, max: 5 }) }), {
    maxLength: 3,
  }),
  shipping: fc.constantFrom(undefined, 'all' as const, 1, 100),
  amount: fc.oneof(fc.constant(undefined), fc.integer({ min: 1, max: 2000 })),
});

describe('planRefund', () => {
  it('gives back pieces with their taxes, and the last ones what is left', () => {
    const done: RefundSplit[] = [];
    for (let n = 0; n < 3; n += 1) done.push(planned(three, done, { lines: [{ sku: 'SKU-0', quantity: 1 }] }));
    expect(done.map(({ amount }) => amount)).toEqual([333, 333, 333]);
    expect(sum(done.map(({ amount }) => amount))).toBe(three.lines[0]?.total);
    expect(plan(three, done, { lines: [{ sku: 'SKU-0', quantity: 1 }] })).toMatchObject({
      refused: 'REFUND_EXCEEDS_LEFT',
    });
  });

  it('gives back the shipping, whole or in part', () => {
    const part = planned(three, [], { shipping: 100 });
    expect(part).toEqual({
      amount: 100,
      parts: [{ line: null, quantity: 0, amount: 100, net: 84, taxes: [expect.objectContaining({ amount: 16 })] }],
    });
    expect(planned(three, [part], { shipping: 'all' }).amount).toBe(390);
    expect(plan(three, [part], { shipping: 391 })).toMatchObject({ refused: 'REFUND_EXCEEDS_LEFT' });
  });

  it('gives back no piece that was not ordered, nothing twice, and no more than was paid', () => {
    expect(plan(three, [], { lines: [{ sku: 'SKU-1', quantity: 1 }] })).toMatchObject({ refused: 'NOT_ORDERED' });
    const twice = [1, 3].map((quantity) => ({ sku: 'SKU-0', quantity }));
    expect(plan(three, [], { lines: twice })).toMatchObject({ refused: 'REFUND_EXCEEDS_LEFT' });
    expect(plan(three, [], { amount: three.total + 1 })).toMatchObject({ refused: 'REFUND_EXCEEDS_LEFT' });
    expect(plan(three, [], { amount: 500 }, 499)).toMatchObject({ refused: 'REFUND_EXCEEDS_LEFT' });
    expect(plan(three, [], {})).toMatchObject({ refused: 'NOTHING_TO_REFUND' });
  });

  it('sums to no more than was paid, part by part, whatever is asked for in whatever order', () => {
    fc.assert(
      fc.property(inputs, fc.array(wishes, { maxLength: 8 }), (input, all) => {
        const quote = price(input);
        const done: RefundSplit[] = [];
        for (const each of all) {
          const refund = plan(quote, done, each);
          if ('refused' in refund) continue;
          expect(Split.safeParse(refund).error).toBeUndefined();
          expect(refund.amount).toBe(sum(refund.parts.map(({ amount }) => amount)));
          for (const part of refund.parts) expect(part.amount).toBe(amountOf(part));
          done.push(refund);
        }
        const left = leftOf(quote, done);
        for (const each of left) {
          const amounts = [each.quantity, each.net, ...each.taxes.map(({ amount }) => amount)];
          expect(Math.min(...amounts)).toBeGreaterThanOrEqual(0);
        }
        expect(sum(left.map(amountOf)) + sum(done.map(({ amount }) => amount))).toBe(quote.total);
      }),
    );
  });

  it('ends with nothing left once all was given back', () => {
    fc.assert(
      fc.property(inputs, wishes, (input, first) => {
        const quote = price(input);
        const begun = plan(quote, [], first);
        const done = 'refused' in begun ? [] : [begun];
        const left = leftOf(quote, done);
        const lines = quote.lines.flatMap(({ sku }, n) =>
          left[n]!.quantity > 0 ? [{ sku, quantity: left[n]!.quantity }] : [],
        );
        const rest = plan(quote, done, { lines, shipping: 'all' });
        if (!('refused' in rest)) done.push(rest);
        const now = leftOf(quote, done);
        // A line whose pieces came back keeps nothing; there may have been a piece of it that an amount was given of.
        expect(sum(now.map(amountOf))).toBe(0);
        expect(sum(done.map(({ amount }) => amount))).toBe(quote.total);
      }),
    );
  });
});
