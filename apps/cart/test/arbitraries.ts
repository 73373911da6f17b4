import * as fc from 'fast-check';
import { MAX_QUANTITY } from '@stoa/cart-contract';
import { emptyCart, type CartState, type Line, type Product, type Products } from '../src/domain/cart.js';

/** Few SKUs, so that random lines meet often; the last is never sold. */
export const SKUS = Array.from({ length: 8 }, (_, n) => `SKU-${n}`);

export const aProduct = (sku: string, fields: Partial<Product> = {}): Product => ({
  sku,
  sold: true,
  available: true,
  handle: sku.toLowerCase(),
  title: `The ${sku}`,
  imageUrl: null,
  price: { amount: 1250, currency: 'EUR' },
  ...fields,
});

export const productsOf = (...products: Product[]): Products =>
  new Map(products.map((product) => [product.sku, product]));

export const aCart = (lines: readonly Line[], fields: Partial<CartState> = {}): CartState => ({
  ...emptyCart('0190b6f5-7d5c-7c3f-8000-000000000001'),
  version: 3,
  updatedAt: new Date('2026-11-23T10:00:00Z'),
  lines,
  ...fields,
});

export const sku = fc.constantFrom(...SKUS);

const product = (name: string): fc.Arbitrary<Product> =>
  fc
    .record({
      sold: fc.boolean(),
      available: fc.boolean(),
      amount: fc.oneof(fc.integer({ min: 0, max: 100_000 }), fc.constant(999_999_999_999)),
      currency: fc.constantFrom('EUR', 'CHF'),
    })
    .map(({ sold, available, amount, currency }) => aProduct(name, { sold, available, price: { amount, currency } }));

/** Some SKUs with all that may be the matter with them; the last is missing. */
export const products: fc.Arbitrary<Products> = fc
  .tuple(...SKUS.slice(0, -1).map(product))
  .map((list) => productsOf(...list));

/** Lines as a cart may hold them: each SKU once. */
export const lines = (maxQuantity = MAX_QUANTITY): fc.Arbitrary<Line[]> =>
  fc.uniqueArray(fc.record({ sku, quantity: fc.integer({ min: 1, max: maxQuantity }) }), {
    selector: (line) => line.sku,
    maxLength: SKUS.length,
  });
