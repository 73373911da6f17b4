import * as fc from 'fast-check';
import { MAX_LINES, MAX_QUANTITY } from '@stoa/cart-contract';
import { aCart, aProduct, lines, products, productsOf, sku } from '../../test/arbitraries.js';
import type { Line, Products } from './cart.js';
import { addLine, changeLine, removeLine } from './change-lines.js';

class Refused extends Error {}
const refuse = (code: string): never => {
  throw new Refused(code);
};

const mug = { sku: 'MUG', quantity: 1 };
const sold = productsOf(aProduct('MUG'), aProduct('LAMP'));
const full = Array.from({ length: MAX_LINES }, (_, n) => ({ sku: `S${n}`, quantity: 1 }));
const closed = { status: 'closed', joinedBy: 'somebody' } as const;

describe('addLine', () => {
  it('puts a new SKU last and raises one that is there in its place', () => {
    const cart = aCart([mug, { sku: 'LAMP', quantity: 2 }]);
    expect(addLine(aCart([mug]), { sku: 'LAMP', quantity: 2 }, sold, refuse)).toEqual(cart.lines);
    expect(addLine(cart, { sku: 'MUG', quantity: 4 }, sold, refuse)).toEqual([
      { sku: 'MUG', quantity: 5 },
      { sku: 'LAMP', quantity: 2 },
    ]);
  });

  it.each<[string, readonly Line[], Line, Products]>([
    ['UNKNOWN_SKU', [], { sku: 'NONE', quantity: 1 }, sold],
    ['UNKNOWN_SKU', [], mug, productsOf(aProduct('MUG', { sold: false }))],
    ['OUT_OF_STOCK', [], mug, productsOf(aProduct('MUG', { available: false }))],
    ['QUANTITY_TOO_LARGE', [{ sku: 'MUG', quantity: MAX_QUANTITY }], mug, sold],
    ['CART_FULL', full, mug, sold],
    [
      'CURRENCY_MISMATCH',
      [{ sku: 'LAMP', quantity: 1 }],
      mug,
      productsOf(aProduct('LAMP'), aProduct('MUG', { price: { amount: 1, currency: 'CHF' } })),
    ],
  ])('refuses with %s', (code, inCart, item, known) => {
    expect(() => addLine(aCart(inCart), item, known, refuse)).toThrow(code);
  });

  it('accepts the last unit and the last line that fit', () => {
    const almost = [{ sku: 'MUG', quantity: MAX_QUANTITY - 1 }];
    expect(addLine(aCart(almost), mug, sold, refuse)).toEqual([{ sku: 'MUG', quantity: MAX_QUANTITY }]);
    expect(addLine(aCart(full.slice(1)), mug, sold, refuse)).toHaveLength(MAX_LINES);
    expect(addLine(aCart([...full.slice(1), mug]), mug, sold, refuse)).toHaveLength(MAX_LINES);
  });
});

describe('changeLine', () => {
  it('sets the quantity', () => {
    expect(changeLine(aCart([mug]), { sku: 'MUG', quantity: 7 }, sold, refuse)).toEqual([{ sku: 'MUG', quantity: 7 }]);
  });

  it('refuses a SKU that is not in the cart, or not sold any more', () => {
    expect(() => changeLine(aCart([mug]), { sku: 'LAMP', quantity: 7 }, sold, refuse)).toThrow('NOT_IN_CART');
    expect(() => changeLine(aCart([mug]), mug, productsOf(), refuse)).toThrow('UNKNOWN_SKU');
  });
});

describe('removeLine', () => {
  it('takes out the line', () => {
    expect(removeLine(aCart([mug, { sku: 'LAMP', quantity: 2 }]), 'MUG', refuse)).toEqual([
      { sku: 'LAMP', quantity: 2 },
    ]);
    expect(() => removeLine(aCart([mug]), 'LAMP', refuse)).toThrow('NOT_IN_CART');
  });
});

describe('a closed cart', () => {
  it('refuses every change', () => {
    const cart = aCart([mug], closed);
    expect(() => addLine(cart, mug, sold, refuse)).toThrow('CART_CLOSED');
    expect(() => changeLine(cart, mug, sold, refuse)).toThrow('CART_CLOSED');
    expect(() => removeLine(cart, 'MUG', refuse)).toThrow('CART_CLOSED');
  });
});

describe('any sequence of changes', () => {
  const quantity = fc.integer({ min: 1, max: MAX_QUANTITY });
  const step = fc.record({ verb: fc.constantFrom('add', 'change', 'remove'), sku, quantity });
  const rules = { add: addLine, change: changeLine } as const;

  const apply = (current: readonly Line[], { verb, ...item }: { verb: string } & Line, known: Products) => {
    if (verb === 'remove') return removeLine(aCart(current), item.sku, refuse);
    return rules[verb as keyof typeof rules](aCart(current), item, known, refuse);
  };

  it('keeps each SKU once, in its place, with a quantity that a cart may hold; an error changes nothing', () => {
    fc.assert(
      fc.property(lines(), products, fc.array(step, { maxLength: 20 }), (start, known, steps) => {
        let current: readonly Line[] = start;
        for (const one of steps) {
          const before = current.map((line) => line.sku);
          const snapshot = JSON.stringify(current);
          try {
            current = apply(current, one, known);
          } catch (error) {
            if (!(error instanceof Refused)) throw error;
            expect(JSON.stringify(current)).toBe(snapshot);
          }
          const after = current.map((line) => line.sku);
          expect(new Set(after).size).toBe(after.length);
          expect(current.every((line) => line.quantity >= 1 && line.quantity <= MAX_QUANTITY)).toBe(true);
          expect(after.filter((name) => before.includes(name))).toEqual(before.filter((name) => after.includes(name)));
        }
      }),
    );
  });
});
