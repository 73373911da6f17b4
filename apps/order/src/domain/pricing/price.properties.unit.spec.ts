import { Quote } from '@stoa/order-contract';
import * as fc from 'fast-check';
import { inputs } from '../../../test/pricing-arbitraries.js';
import { sum } from './money.js';
import { price } from './price.js';

const amounts = (parts: readonly { readonly amount: number }[]): number => sum(parts.map(({ amount }) => amount));

describe('price, for all currencies, rules and carts', () => {
  it('is a quote that the contract accepts', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        expect(Quote.safeParse(price(input)).error).toBeUndefined();
      }),
    );
  });

  it('is the sum of its parts, to the unit', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const quote = price(input);
        const charges = quote.shipping ? [...quote.lines, quote.shipping] : quote.lines;
        expect(quote.total).toBe(sum(charges.map(({ total }) => total)));
        expect(quote.total).toBe(quote.net + quote.tax);
        expect(quote.tax).toBe(amounts(quote.taxes));
        expect(amounts(quote.discounts)).toBe(sum(charges.map(({ discounts }) => amounts(discounts))));
        expect(quote.goods).toBe(sum(quote.lines.map((line) => line.unitPrice * line.quantity)));
        for (const charge of charges) {
          expect(charge.amount).toBe(charge.price - amounts(charge.discounts));
          expect(charge.total).toBe(charge.net + charge.tax);
          expect(charge.tax).toBe(amounts(charge.taxes));
          const before = quote.prices === 'gross' ? charge.total : charge.net;
          expect(charge.amount).toBe(before + charge.exempted);
        }
      }),
    );
  });

  it('takes no more off a line than it costs, and no tax is negative', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const quote = price(input);
        for (const charge of quote.shipping ? [...quote.lines, quote.shipping] : quote.lines) {
          expect(Math.min(charge.amount, charge.net, charge.total, charge.exempted)).toBeGreaterThanOrEqual(0);
          for (const { amount } of [...charge.taxes, ...charge.discounts]) expect(amount).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  it('rounds each tax by less than one unit', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const quote = price(input);
        for (const { amount, taxes } of quote.lines) {
          const rate = sum(taxes.map(({ percent }) => Number(percent))) / 100;
          const whole = quote.prices === 'gross' ? 1 + rate : 1;
          // Amounts up to 10^15 leave floating point enough exact digits for a bound of a unit and a half.
          for (const tax of taxes)
            expect(Math.abs(tax.amount - (amount * Number(tax.percent)) / 100 / whole)).toBeLessThan(1.5);
        }
      }),
    );
  });

  it('does not depend on the order of the lines', () => {
    const shuffled = inputs.chain((input) =>
      fc.record({
        input: fc.constant(input),
        lines: fc.shuffledSubarray([...input.lines], { minLength: input.lines.length }),
      }),
    );
    fc.assert(
      fc.property(shuffled, ({ input, lines }) => {
        const [one, other] = [price(input), price({ ...input, lines })];
        const isWhole = other.problems.every(({ code }) => code !== 'TOTAL_TOO_LARGE');
        if (isWhole) expect(other.lines.map(({ sku }) => sku)).toEqual(lines.map(({ sku }) => sku));
        expect([other.total, other.tax, other.net, other.goods]).toEqual([one.total, one.tax, one.net, one.goods]);
        expect(amounts(other.discounts)).toBe(amounts(one.discounts));
      }),
    );
  });

  it('is never more with promotions than without', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const without = price({ ...input, rules: { ...input.rules, promotions: [] } });
        const { problems, ...quote } = price(input);
        // A cart that costs less may lose free shipping from an amount on, or a step that goes by the price.
        const goods = (of: typeof quote): number => sum(of.lines.map(({ total }) => total));
        expect(goods(quote)).toBeLessThanOrEqual(goods(without) + quote.lines.length);
        expect(problems.every(({ code }) => code.startsWith('COUPON') || code === 'TOTAL_TOO_LARGE')).toBe(true);
      }),
    );
  });
});
