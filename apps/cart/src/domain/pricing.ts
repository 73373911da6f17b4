import type { Cart, CartLine } from '@stoa/cart-contract';
import type { CartState, Line, Product, Products } from './cart.js';

const buyable = (product: Product | undefined): product is Product => product?.sold === true && product.available;

/** The currency of a cart: that of its first line that can be bought; undefined when there is none. */
export const currencyOf = (lines: readonly Line[], products: Products): string | undefined =>
  lines.map(({ sku }) => products.get(sku)).find(buyable)?.price.currency;

/** A line of what is not sold any more: no price, and the best name that is known. */
const goneLine = ({ sku, quantity }: Line, product: Product | undefined): CartLine => ({
  sku,
  quantity,
  product: null,
  title: product?.title ?? sku,
  imageUrl: product?.imageUrl ?? null,
  unitPrice: null,
  total: null,
  available: false,
});

const soldLine = ({ sku, quantity }: Line, product: Product, available: boolean): CartLine => ({
  sku,
  quantity,
  product: product.handle,
  title: product.title,
  imageUrl: product.imageUrl,
  unitPrice: product.price,
  total: { amount: product.price.amount * quantity, currency: product.price.currency },
  available,
});

/** Whether the total stays an exact integer with a line more: a line that would make it inexact does not count. */
const staysExact = (total: number, line: number): boolean => Number.isSafeInteger(total + line);

/** The total of a cart whose lines, in their order, can all be bought in its currency. */
export const totalOf = (lineTotals: readonly number[]): number =>
  lineTotals.reduce((total, line) => (staysExact(total, line) ? total + line : total), 0);

/**
 * A cart as its owner sees it, at the prices of now. A line counts only when its SKU can be bought in the currency of
 * the cart, and (out of reach of any real price) as long as the total is an exact integer.
 */
export function priceCart(cart: CartState, products: Products): Cart {
  const currency = currencyOf(cart.lines, products);
  let amount = 0;
  const lines = cart.lines.map((line): CartLine => {
    const product = products.get(line.sku);
    if (!product?.sold) return goneLine(line, product);
    const lineTotal = product.price.amount * line.quantity;
    const counts = buyable(product) && product.price.currency === currency && staysExact(amount, lineTotal);
    if (counts) amount += lineTotal;
    return soldLine(line, product, counts);
  });
  return {
    customerId: cart.customerId,
    version: cart.version,
    lines,
    itemCount: cart.lines.reduce((count, line) => count + line.quantity, 0),
    total: currency === undefined ? null : { amount, currency },
    updatedAt: cart.updatedAt?.toISOString() ?? null,
  };
}
