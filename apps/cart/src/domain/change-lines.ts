import { MAX_LINES, MAX_QUANTITY } from '@stoa/cart-contract';
import type { CartState, Line, Product, Products, Refuse } from './cart.js';
import { currencyOf } from './pricing.js';

/** Later writes to a cart that was merged would be lost, and those of an erased customer must be: they are refused. */
export function requireOpen(cart: CartState, refuse: Refuse<'CART_CLOSED'>): void {
  if (cart.status === 'closed')
    refuse(
      'CART_CLOSED',
      'This cart was closed for good: an account took it over, or its owner was erased. Sign in to go on',
    );
}

function requireSold(sku: string, products: Products, refuse: Refuse<'UNKNOWN_SKU'>): Product {
  const product = products.get(sku);
  return product?.sold ? product : refuse('UNKNOWN_SKU', `${sku} is not sold here`);
}

const withQuantity = (lines: readonly Line[], sku: string, quantity: number): Line[] =>
  lines.map((line) => (line.sku === sku ? { sku, quantity } : line));

/** The lines with an item more. A SKU that is there already gains the quantity and keeps its place. */
export function addLine(
  cart: CartState,
  { sku, quantity }: Line,
  products: Products,
  refuse: Refuse<
    'CART_CLOSED' | 'UNKNOWN_SKU' | 'OUT_OF_STOCK' | 'QUANTITY_TOO_LARGE' | 'CART_FULL' | 'CURRENCY_MISMATCH'
  >,
): readonly Line[] {
  requireOpen(cart, refuse);
  const product = requireSold(sku, products, refuse);
  if (!product.available) return refuse('OUT_OF_STOCK', `${sku} is out of stock`);
  const currency = currencyOf(cart.lines, products);
  if (currency !== undefined && currency !== product.price.currency) {
    return refuse('CURRENCY_MISMATCH', `This cart is in ${currency}, ${sku} is sold in ${product.price.currency}`);
  }
  const inCart = cart.lines.find((line) => line.sku === sku);
  const sum = (inCart?.quantity ?? 0) + quantity;
  if (sum > MAX_QUANTITY) return refuse('QUANTITY_TOO_LARGE', `A cart holds at most ${MAX_QUANTITY} of one SKU`);
  if (inCart) return withQuantity(cart.lines, sku, sum);
  if (cart.lines.length >= MAX_LINES) return refuse('CART_FULL', `A cart holds at most ${MAX_LINES} different SKUs`);
  return [...cart.lines, { sku, quantity }];
}

/** The lines with another quantity of a SKU that is there. */
export function changeLine(
  cart: CartState,
  { sku, quantity }: Line,
  products: Products,
  refuse: Refuse<'CART_CLOSED' | 'NOT_IN_CART' | 'UNKNOWN_SKU'>,
): readonly Line[] {
  requireOpen(cart, refuse);
  if (!cart.lines.some((line) => line.sku === sku)) return refuse('NOT_IN_CART', `${sku} is not in this cart`);
  requireSold(sku, products, refuse);
  return withQuantity(cart.lines, sku, quantity);
}

/** The lines without a SKU, sold or not. */
export function removeLine(
  cart: CartState,
  sku: string,
  refuse: Refuse<'CART_CLOSED' | 'NOT_IN_CART'>,
): readonly Line[] {
  requireOpen(cart, refuse);
  const left = cart.lines.filter((line) => line.sku !== sku);
  return left.length < cart.lines.length ? left : refuse('NOT_IN_CART', `${sku} is not in this cart`);
}
