import type { QuoteProblem } from '@stoa/order-contract';
import type { Basket, BasketLine, CartLine, PricedProduct } from './basket.js';

/** More than this a cart can't come to: with tax and shipping on top, all sums are still exact integers. */
const MAX_GOODS = 2 ** 50;

/** A line that is in the basket, with its place in the cart. */
export interface PlacedLine extends BasketLine {
  readonly place: number;
}

const byStableOrder = (a: PlacedLine, b: PlacedLine): number =>
  a.product.sku === b.product.sku ? a.quantity - b.quantity : a.product.sku < b.product.sku ? -1 : 1;

/** The lines of a cart that can be bought in its currency, and what is wrong with the others. */
export function basketOf(
  cart: readonly CartLine[],
  products: ReadonlyMap<string, PricedProduct>,
  currencyOfEmpty: string,
): {
  readonly basket: Omit<Basket, 'lines'> & { readonly lines: readonly PlacedLine[] };
  readonly problems: QuoteProblem[];
} {
  const problems: QuoteProblem[] = [];
  const found: PlacedLine[] = [];
  for (const [place, { sku, quantity }] of cart.entries()) {
    const product = products.get(sku);
    if (product?.sold && product.available) {
      found.push({ product, quantity, price: product.price.amount * quantity, place });
    } else {
      problems.push({ code: 'LINE_UNAVAILABLE', message: `${product?.title ?? sku} can't be bought now.`, sku });
    }
  }
  const currency = found[0]?.product.price.currency ?? currencyOfEmpty;
  let total = 0;
  const lines = found.toSorted(byStableOrder).filter(({ product, price }) => {
    const { sku, title } = product;
    const isForeign = product.price.currency !== currency;
    const isTooMuch = !isForeign && total + price > MAX_GOODS;
    if (isForeign) problems.push({ code: 'CURRENCY_MISMATCH', message: `${title} is not priced in ${currency}.`, sku });
    if (isTooMuch) problems.push({ code: 'TOTAL_TOO_LARGE', message: 'The cart is too large to be ordered.', sku });
    if (isForeign || isTooMuch) return false;
    total += price;
    return true;
  });
  if (cart.length === 0) problems.push({ code: 'CART_EMPTY', message: 'There is nothing in the cart.' });
  return { basket: { currency, lines }, problems };
}
