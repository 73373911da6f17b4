import { command, CustomerId, event, Handle, Money, Price, query, service, Sku, Timestamp } from '@stoa/contract-kit';
import { z } from 'zod';

/** How many of one SKU a cart may hold. */
export const MAX_QUANTITY = 999;
/** How many different SKUs a cart may hold. */
export const MAX_LINES = 100;

const Quantity = z.int().min(1).max(MAX_QUANTITY);

export const CartLine = z.object({
  sku: Sku,
  quantity: Quantity,
  product: Handle,
  title: z.string(),
  imageUrl: z.string().nullable(),
  unitPrice: Price,
  total: Money,
  available: z.boolean().describe('False when the SKU is not sold any more: it counts in no total'),
});
export type CartLine = z.infer<typeof CartLine>;

export const Cart = z.object({
  customerId: CustomerId,
  version: z.int().min(0).describe('0: nothing was ever put in'),
  lines: z.array(CartLine),
  itemCount: z.int().min(0),
  total: Money.nullable().describe('Null for an empty cart'),
  updatedAt: Timestamp.nullable(),
});
export type Cart = z.infer<typeof Cart>;

const lineErrors = { UNKNOWN_SKU: 404, CART_CLOSED: 409 } as const;

/** Carts of guests and customers. */
export const cart = service(
  'cart',
  { version: 1, title: 'Cart', description: 'Carts of guests and customers, priced from a copy of the catalog.' },
  {
    getCart: query({
      http: 'GET /v1/cart',
      summary: 'Read my cart',
      caller: 'anyone',
      input: z.object({}),
      output: Cart,
      etag: 'version',
    }),
    addItem: command({
      http: 'POST /v1/cart/items',
      summary: 'Put an item into my cart; a SKU that is there already gains the quantity',
      caller: 'anyone',
      key: 'caller.customerId',
      input: z.object({ sku: Sku, quantity: Quantity.default(1) }),
      output: Cart,
      status: 201,
      etag: 'version',
      ifMatch: true,
      errors: { ...lineErrors, QUANTITY_TOO_LARGE: 409, CART_FULL: 409, CURRENCY_MISMATCH: 409 },
    }),
    changeItem: command({
      http: 'PATCH /v1/cart/items/{sku}',
      summary: 'Set the quantity of an item in my cart',
      caller: 'anyone',
      key: 'caller.customerId',
      input: z.object({ sku: Sku, quantity: Quantity }),
      output: Cart,
      etag: 'version',
      ifMatch: true,
      errors: { ...lineErrors, NOT_IN_CART: 404 },
    }),
    removeItem: command({
      http: 'DELETE /v1/cart/items/{sku}',
      summary: 'Take an item out of my cart',
      caller: 'anyone',
      key: 'caller.customerId',
      input: z.object({ sku: Sku }),
      output: Cart,
      etag: 'version',
      ifMatch: true,
      errors: { CART_CLOSED: 409, NOT_IN_CART: 404 },
    }),

    /** Merge at sign-in, step by step: close the guest's cart, then add its lines to the customer's. */
    joinGuestCart: command({
      summary: "Move a guest's cart into the cart of the customer who signed in",
      caller: 'customer',
      key: 'caller.customerId',
      input: z.object({ guestId: CustomerId.nullable() }),
      output: z.object({ merged: z.int().min(0).describe('Lines taken over') }),
      runsAt: 'sign-in',
    }),
    closeGuestCart: command({
      summary: "Close a guest's cart for good and answer its lines",
      caller: 'customer',
      key: 'input.guestId',
      input: z.object({ guestId: CustomerId }),
      output: z.object({ lines: z.array(z.object({ sku: Sku, quantity: Quantity })) }),
    }),
    mergeLines: command({
      summary: 'Add the lines of a closed cart to mine, as far as they fit',
      caller: 'customer',
      key: 'caller.customerId',
      input: z.object({ lines: z.array(z.object({ sku: Sku, quantity: Quantity })) }),
      output: z.object({ merged: z.int().min(0) }),
    }),

    cartChanged: event({
      summary: 'What is in a cart changed',
      key: 'customerId',
      data: z.object({
        customerId: CustomerId,
        change: z.enum(['added', 'changed', 'removed', 'closed', 'merged']),
        lines: z.array(z.object({ sku: Sku, quantity: Quantity })).describe('All lines after the change'),
        changedAt: Timestamp,
      }),
    }),
  },
);
