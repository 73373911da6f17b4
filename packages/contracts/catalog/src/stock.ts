import {
  command,
  Cursor,
  event,
  Handle,
  pageLimit,
  pageOf,
  query,
  Sku,
  state,
  Timestamp,
  withoutLimits,
} from '@stoa/contract-kit';
import { z } from 'zod';
import { MAX_HELD_LINES, MAX_HELD_QUANTITY, MAX_HOLD_SECONDS, MAX_STOCK } from './limits.js';

const OrderId = z.uuid();

/** So many of a SKU. */
export const HeldLine = z.object({ sku: Sku, quantity: z.int().min(1).max(MAX_HELD_QUANTITY) });
export type HeldLine = z.infer<typeof HeldLine>;

/** A line that can't be held: what INSUFFICIENT_STOCK has in its `details.lines`. */
export interface ShortLine {
  readonly sku: string;
  readonly wanted: number;
  readonly available: number;
}

/** How much of a variant there is. */
export const StockLevel = withoutLimits(
  z.object({
    sku: Sku,
    stock: z.int(),
    reserved: z.int().min(0).describe('Held by orders'),
    available: z.int().describe('Stock less what orders hold'),
    lowStockAt: z.int().min(0).nullable().describe("Null: the shop's default"),
  }),
);
export type StockLevel = z.infer<typeof StockLevel>;

/** One step of a stock's history. */
export const StockMovement = withoutLimits(
  z.object({
    sku: Sku,
    kind: z
      .enum(['adjusted', 'set', 'imported', 'removed', 'sold', 'cancelled', 'returned'])
      .describe('set, removed: with its product; cancelled, returned: back from an order'),
    delta: z.int(),
    stock: z.int().describe('Behind it'),
    reason: z.string().nullable(),
    by: z.string().describe('The operator, the import, or the service'),
    orderId: OrderId.nullable(),
    at: Timestamp,
  }),
);
export type StockMovement = z.infer<typeof StockMovement>;

/** The operations, states and events of stock. */
export const stock = {
  getStock: query({
    http: 'GET /v1/variants/{sku}/stock',
    summary: 'Read how much of a variant there is, and how much orders hold',
    caller: 'operator:catalog',
    since: 4,
    input: z.object({ sku: Sku }),
    output: StockLevel,
    errors: { NOT_FOUND: 404 },
  }),
  listStockMovements: query({
    http: 'GET /v1/variants/{sku}/stock-movements',
    summary: "List what moved a variant's stock, the newest first; also of one that is not sold any more",
    caller: 'operator:catalog',
    since: 4,
    input: z.object({ sku: Sku, limit: pageLimit(200), cursor: Cursor.optional() }),
    output: pageOf(StockMovement),
    errors: { NOT_FOUND: 404, BAD_CURSOR: 400 },
  }),
  setLowStock: command({
    http: 'PUT /v1/variants/{sku}/low-stock',
    summary: 'Set from how many pieces on a variant is low',
    caller: 'operator:catalog',
    key: 'input.sku',
    since: 4,
    input: z.object({ sku: Sku, threshold: z.int().min(0).max(MAX_STOCK).nullable() }),
    output: StockLevel,
    errors: { NOT_FOUND: 404 },
  }),

  availability: state({
    summary:
      'Whether a variant can be bought, once that changed: sold out, or back. A SKU that has no such state is as ' +
      "available as its variant's state says; one that has, as this says",
    topic: 'availability',
    key: 'sku',
    since: 4,
    data: withoutLimits(z.object({ sku: Sku, available: z.boolean() })),
  }),
  variantLow: event({
    summary: "A variant's stock has come down to what counts as low",
    key: 'sku',
    since: 4,
    data: withoutLimits(z.object({ sku: Sku, product: Handle, stock: z.int(), threshold: z.int() })),
  }),
};

/** The operations by which the service order holds stock. */
export const holds = {
  holdStock: command({
    summary: 'Hold stock for an order until a moment: all lines or none',
    description:
      'Lines are summed by SKU. A hold that the order has already is reused: it is replaced by these lines and ' +
      'extended. INSUFFICIENT_STOCK has `details.lines`, each with `sku`, `wanted` and `available`.',
    caller: 'service:order',
    key: 'input.orderId',
    since: 4,
    input: z.object({
      orderId: OrderId,
      lines: z.array(HeldLine).min(1).max(MAX_HELD_LINES),
      holdSeconds: z.int().min(1).max(MAX_HOLD_SECONDS),
    }),
    output: z.object({ orderId: OrderId, until: Timestamp.describe("By the clock of the catalog's database") }),
    errors: { INSUFFICIENT_STOCK: 409, UNKNOWN_SKU: 404, ORDER_ENDED: 409 },
  }),
  confirmHold: command({
    summary: "Keep an order's hold until the order is placed or ended, however long that takes",
    caller: 'service:order',
    key: 'input.orderId',
    since: 4,
    input: z.object({ orderId: OrderId }),
    output: z.object({ orderId: OrderId }),
    errors: { HOLD_EXPIRED: 409 },
  }),
  releaseHold: command({
    summary: 'Give up what an order holds; it may hold again',
    caller: 'service:order',
    key: 'input.orderId',
    since: 4,
    input: z.object({ orderId: OrderId }),
    output: z.object({ released: z.boolean().describe('False: there was nothing to give up') }),
  }),
};
