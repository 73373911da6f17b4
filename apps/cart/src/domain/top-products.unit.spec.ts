import * as fc from 'fast-check';
import { TopProducts, type Demand } from './top-products.js';

describe('the top products', () => {
  it('are those of a sorted list, in whatever order they come', () => {
    const demands = fc.uniqueArray(
      fc.record({ sku: fc.string({ minLength: 1 }), quantity: fc.integer({ min: 1, max: 9 }), carts: fc.constant(1) }),
      { selector: ({ sku }) => sku },
    );
    fc.assert(
      fc.property(demands, fc.integer({ min: 1, max: 12 }), (given: Demand[], limit) => {
        const top = new TopProducts(limit);
        for (const demand of given) top.add(demand);
        const sorted = given.toSorted((a, b) => b.quantity - a.quantity || (a.sku < b.sku ? -1 : 1));
        expect(top.list()).toEqual(sorted.slice(0, limit));
      }),
    );
  });
});
