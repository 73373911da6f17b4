import {
  command,
  CustomerId,
  event,
  Handle,
  Money,
  pageBothWays,
  pageLimit,
  Price,
  query,
  service,
  Sku,
  Timestamp,
  withoutLimits,
} from '@stoa/contract-kit';
import { z } from 'zod';
import { MAX_QUANTITY } from './limits.js';
import {
  ABANDONED_DESCRIPTION,
  AbandonedCart,
  CartFigures,
  ListAbandoned,
  STATISTICS_DESCRIPTION,
  TOP_DESCRIPTION,
  TopProduct,
} from './reports.js';

export { MAX_LINES, MAX_QUANTITY } from './limits.js';
export type { AbandonedCart, CartFigures, TopProduct } from './reports.js';

const Quantity = z.int().min(1).max(MAX_QUANTITY);
/** A line as it is stored and passed on: it may be from before a limit was lowered. */
const StoredLine = withoutLimits(z.object({ sku: Sku, quantity: Quantity }));

/** A line of a cart, priced. */
export const CartLine = withoutLimits(
  StoredLine.extend({
    product: Handle.nullable().describe('Null when the SKU is not sold any more'),
    title: z.string().describe('As last known; the SKU where nothing is known of it any more'),
    imageUrl: z.string().nullable(),
    unitPrice: Price.nullable().describe('Null when the SKU is not sold any more'),
    total: Money.nullable().describe('Null when the SKU is not sold any more'),
    available: z
      .boolean()
      .describe(
        'False when the SKU is not sold any more, is out of stock, or came to be priced in another currency than the cart: it counts in no total',
      ),
  }),
);
export type CartLine = z.infer<typeof CartLine>;

/** A cart as its owner sees it. */
export const Cart = z.object({
  customerId: CustomerId,
  version: z.int().min(0).describe('0: nothing was ever put in'),
  lines: z.array(CartLine),
  itemCount: z.int().min(0).describe('The sum of all quantities'),
  total: Money.nullable().describe('Of the available lines; null when there are none'),
  updatedAt: Timestamp.nullable(),
});
export type Cart = z.infer<typeof Cart>;

const lineErrors = { UNKNOWN_SKU: 404, CART_CLOSED: 409 } as const;

/** Carts of guests and customers. */
export const cart = service(
  'cart',
  { version: 5, title: 'Cart', description: 'Carts of guests and customers, priced from a copy of the catalog.' },
  {
    getCart: query({
      http: 'GET /v1/cart',
      summary: 'Read my cart',
      caller: 'anyone',
      input: z.object({}),
      output: Cart,
      etag: 'version',
      personalData: true,
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
      errors: { ...lineErrors, OUT_OF_STOCK: 409, QUANTITY_TOO_LARGE: 409, CART_FULL: 409, CURRENCY_MISMATCH: 409 },
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
      summary: "Close a guest's cart for good and return its lines",
      caller: 'customer',
      key: 'input.guestId',
      // Gives the lines to this customer again, at any sign-in, and to nobody else: a merge that died can be finished.
      input: z.object({ guestId: CustomerId }),
      output: z.object({ lines: z.array(StoredLine) }),
    }),
    mergeLines: command({
      summary: "Add the lines of a guest's closed cart to mine, as far as they fit, once per guest",
      caller: 'customer',
      key: 'caller.customerId',
      // Takes what closeGuestCart gave, whatever the limits are: the merge itself keeps to them.
      input: z.object({ guestId: CustomerId, lines: z.array(StoredLine) }),
      output: z.object({ merged: z.int().min(0) }),
      since: 3,
    }),

    readForOrder: command({
      summary: 'Read what is in a cart, as the order service freezes it',
      caller: 'service:order',
      key: 'input.customerId',
      input: z.object({ customerId: CustomerId }),
      output: z.object({ version: z.int().min(0), lines: z.array(StoredLine) }),
      since: 5,
    }),

    cartStatistics: query({
      http: 'GET /v1/carts/statistics',
      summary: 'Count the carts and sum up what they hold',
      description: STATISTICS_DESCRIPTION,
      since: 2,
      caller: 'operator:orders',
      input: z.object({}),
      output: CartFigures,
      budgetMs: 10_000,
      rateLimit: { points: 30, seconds: 60 },
    }),
    listAbandonedCarts: query({
      http: 'GET /v1/carts/abandoned',
      summary: 'List the carts that were left with something in them',
      description: ABANDONED_DESCRIPTION,
      since: 2,
      caller: 'operator:orders',
      input: ListAbandoned,
      output: pageBothWays(AbandonedCart),
    }),
    listTopProducts: query({
      http: 'GET /v1/carts/top-products',
      summary: 'List the SKUs of which open carts hold most',
      description: TOP_DESCRIPTION,
      since: 2,
      caller: 'operator:orders',
      input: z.object({ limit: pageLimit(100) }),
      output: z.object({ items: z.array(TopProduct) }),
      budgetMs: 10_000,
      rateLimit: { points: 30, seconds: 60 },
    }),

    cartChanged: event({
      summary: 'What is in a cart changed',
      key: 'customerId',
      data: z.object({
        customerId: CustomerId,
        change: z.enum(['added', 'changed', 'removed', 'closed', 'merged']),
        lines: z.array(StoredLine).describe('All lines after the change'),
        changedAt: Timestamp,
      }),
    }),
    /** For this service itself: the guest's cart may be in another bucket than the customer's. */
    guestCartOrphaned: event({
      summary: "The customer who took over a guest's cart was erased: what is left of it is to be deleted",
      key: 'guestId',
      data: z.object({ guestId: CustomerId, erasedAt: Timestamp }),
      since: 2,
    }),
  },
);
