import type { CartLines, Checkout, CheckoutChange, OrderAddress, Quote } from '@stoa/order-contract';

/** A checkout as it is stored. */
export interface CheckoutState {
  readonly checkoutId: string;
  readonly customerId: string;
  /** 0: it is not stored yet. */
  readonly version: number;
  readonly cart: CartLines;
  readonly email: string | null;
  readonly shippingAddress: OrderAddress | null;
  readonly billingAddress: OrderAddress | null;
  readonly shippingMethod: string | null;
  readonly coupon: string | null;
  readonly quote: Quote | null;
  readonly orderId: string | null;
  readonly expiresAt: Date;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A checkout with a quote. */
export type Frozen = CheckoutState & { readonly quote: Quote };

const given = <Value>(value: Value | undefined, before: Value): Value => (value === undefined ? before : value);

/** A checkout after what the shopper said, of the cart as it is now. */
export const changed = (checkout: CheckoutState, change: CheckoutChange, cart: CartLines): CheckoutState => ({
  ...checkout,
  cart,
  email: given(change.email, checkout.email),
  shippingAddress: given(change.shippingAddress, checkout.shippingAddress),
  billingAddress: given(change.billingAddress, checkout.billingAddress),
  shippingMethod: given(change.shippingMethod, checkout.shippingMethod),
  coupon: given(change.coupon, checkout.coupon),
});

/** A checkout as its owner sees it. */
export const checkoutOf = (checkout: Frozen): Checkout => ({
  checkoutId: checkout.checkoutId,
  customerId: checkout.customerId,
  version: checkout.version,
  cartVersion: checkout.cart.version,
  email: checkout.email,
  shippingAddress: checkout.shippingAddress,
  billingAddress: checkout.billingAddress,
  shippingMethod: checkout.shippingMethod,
  coupon: checkout.coupon,
  quote: checkout.quote,
  expiresAt: checkout.expiresAt.toISOString(),
  orderId: checkout.orderId,
});

/** Why a checkout can't be placed as it is frozen; undefined: it can. */
export type Stale = 'QUOTE_EXPIRED' | 'CART_CHANGED' | 'PRICE_ROSE';

const isSame = (a: CartLines, b: CartLines): boolean =>
  a.version === b.version || JSON.stringify(a.lines) === JSON.stringify(b.lines);

/** @param fresh the quote as it would be now, of the cart as it is now */
export function staleness(checkout: Frozen, cart: CartLines, fresh: Quote, now: Date): Stale | undefined {
  if (checkout.expiresAt <= now) return 'QUOTE_EXPIRED';
  if (!isSame(checkout.cart, cart)) return 'CART_CHANGED';
  const isDearer = fresh.total > checkout.quote.total || fresh.currency !== checkout.quote.currency;
  return isDearer ? 'PRICE_ROSE' : undefined;
}
