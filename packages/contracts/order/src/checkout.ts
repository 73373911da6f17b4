import { CustomerId, PostalAddress, Timestamp, withoutLimits } from '@stoa/contract-kit';
import { z } from 'zod';
import { Quote } from './quote.js';

/** Where goods or an invoice go. */
export const OrderAddress = PostalAddress;
export type OrderAddress = PostalAddress;

/** The shopper's word at the checkout. Null takes back what was said; what is left out stays. */
export const CheckoutChange = z.object({
  email: z.email().max(254).nullable().optional(),
  shippingAddress: OrderAddress.nullable().optional(),
  billingAddress: OrderAddress.nullable().optional().describe('Null: the shipping address'),
  shippingMethod: z.string().min(1).max(60).nullable().optional(),
  coupon: z.string().trim().min(1).max(40).nullable().optional(),
});
export type CheckoutChange = z.infer<typeof CheckoutChange>;

export const CartVersion = z
  .int()
  .min(0)
  .describe('Of the cart that the shopper has seen: of another one there is no quote, but CART_CHANGED');

/** A cart as it was read for a quote. */
export const CartLines = z.object({
  version: z.int().min(0),
  lines: z.array(z.object({ sku: z.string(), quantity: z.int().min(1) })),
});
export type CartLines = z.infer<typeof CartLines>;

/** A frozen quote, with what the shopper said of it. */
export const Checkout = withoutLimits(
  z.object({
    checkoutId: z.uuid(),
    customerId: CustomerId,
    version: z.int().min(1).describe('Grows with each change'),
    cartVersion: z.int().min(0),
    email: z.string().nullable(),
    shippingAddress: OrderAddress.nullable(),
    billingAddress: OrderAddress.nullable(),
    shippingMethod: z.string().nullable(),
    coupon: z.string().nullable(),
    quote: Quote,
    expiresAt: Timestamp.describe('The quote holds until then'),
    orderId: z.uuid().nullable().describe('Of the order that was made of it'),
  }),
);
export type Checkout = z.infer<typeof Checkout>;
