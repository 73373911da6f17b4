import * as fc from 'fast-check';
import { MAX_LINES, MAX_QUANTITY } from '@stoa/cart-contract';
import { aProduct, lines, products, productsOf, SKUS } from '../../test/arbitraries.js';
import type { Line } from './cart.js';
import { mergeLines } from './merge-lines.js';

const sold = productsOf(...SKUS.map((sku) => aProduct(sku)));
const quantities = (list: readonly Line[]): Record<string, number> =>
  Object.fromEntries(list.map((line) => [line.sku, line.quantity]));

describe('mergeLines', () => {
  it('sums what both hold and puts what is new behind', () => {
    const mine = [{ sku: 'SKU-1', quantity: 2 }];
    const guests = [
      { sku: 'SKU-0', quantity: 1 },
      { sku: 'SKU-1', quantity: 3 },
    ];
    expect(mergeLines(mine, guests, sold)).toEqual({
      lines: [
        { sku: 'SKU-1', quantity: 5 },
        { sku: 'SKU-0', quantity: 1 },
      ],
      merged: 2,
    });
  });

  it('leaves behind what is not sold any more and what is in another currency', () => {
    const known = productsOf(
      aProduct('A'),
      aProduct('B', { sold: false }),
      aProduct('C', { price: { amount: 1, currency: 'CHF' } }),
    );
    const guests = ['B', 'C', 'UNKNOWN'].map((sku) => ({ sku, quantity: 1 }));
    expect(mergeLines([{ sku: 'A', quantity: 1 }], guests, known)).toEqual({
      lines: [{ sku: 'A', quantity: 1 }],
      merged: 0,
    });
  });

  it('stops at the most that a cart holds', () => {
    const full = Array.from({ length: MAX_LINES }, (_, n) => ({ sku: `S${n}`, quantity: MAX_QUANTITY - 1 }));
    const known = productsOf(...full.map(({ sku }) => aProduct(sku)), aProduct('MORE'));
    const merge = mergeLines(
      full,
      [
        { sku: 'MORE', quantity: 1 },
        { sku: 'S0', quantity: 5 },
      ],
      known,
    );
    expect(merge.merged).toBe(1);
    expect(merge.lines).toHaveLength(MAX_LINES);
    expect(merge.lines[0]).toEqual({ sku: 'S0', quantity: MAX_QUANTITY });
  });

  it('leaves what a clone with a larger limit put in, and adds nothing to it', () => {
    const mine = [{ sku: 'SKU-1', quantity: MAX_QUANTITY + 7 }];
    expect(mergeLines(mine, [{ sku: 'SKU-1', quantity: 1 }], sold)).toEqual({ lines: mine, merged: 0 });
  });

  it('takes nothing from what was there, and keeps to the limits', () => {
    fc.assert(
      fc.property(lines(), lines(), products, (mine, guests, known) => {
        const { lines: all, merged } = mergeLines(mine, guests, known);
        expect(all.slice(0, mine.length).map((line) => line.sku)).toEqual(mine.map((line) => line.sku));
        for (const [n, line] of mine.entries()) expect(all[n]?.quantity).toBeGreaterThanOrEqual(line.quantity);
        expect(all.every((line) => line.quantity <= MAX_QUANTITY)).toBe(true);
        expect(new Set(all.map((line) => line.sku)).size).toBe(all.length);
        const added = all.filter((line) => quantities(mine)[line.sku] !== line.quantity);
        expect(added).toHaveLength(merged);
      }),
    );
  });

  it('gives the same quantities whoever comes first, when all of it fits', () => {
    fc.assert(
      fc.property(lines(MAX_QUANTITY / 3), lines(MAX_QUANTITY / 3), lines(MAX_QUANTITY / 3), (a, b, c) => {
        const merge = (x: readonly Line[], y: readonly Line[]): readonly Line[] => mergeLines(x, y, sold).lines;
        expect(quantities(merge(a, b))).toEqual(quantities(merge(b, a)));
        expect(quantities(merge(merge(a, b), c))).toEqual(quantities(merge(a, merge(b, c))));
      }),
    );
  });

  it('caps at the same quantity whoever comes first, even where not all fits', () => {
    fc.assert(
      fc.property(lines(), lines(), (a, b) => {
        expect(quantities(mergeLines(a, b, sold).lines)).toEqual(quantities(mergeLines(b, a, sold).lines));
      }),
    );
  });
});
