import { command, Sku, Timestamp } from '@stoa/contract-kit';
import { z } from 'zod';
import { MAX_HELD_LINES, MAX_HELD_QUANTITY, MAX_HOLD_SECONDS } from './limits.js';

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

/** The operations by which the service order holds stock. */
export const holds = {
  holdStock: command({
    summary: 'Hold stock for an order until a moment: all lines or none',
    description:
      'Lines are summed by SKU. A hold that the order has already is reused: it is replaced by these lines and ' +
      'extended. INSUFFICIENT_STOCK has `details.lines`, each with `sku`, `wanted` and `available`.',
    caller: 'operator',
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
    caller: 'operator',
    key: 'input.orderId',
    since: 4,
    input: z.object({ orderId: OrderId }),
    output: z.object({ orderId: OrderId }),
    errors: { HOLD_EXPIRED: 409 },
  }),
  releaseHold: command({
    summary: 'Give up what an order holds; it may hold again',
    caller: 'operator',
    key: 'input.orderId',
    since: 4,
    input: z.object({ orderId: OrderId }),
    output: z.object({ released: z.boolean().describe('False: there was nothing to give up') }),
  }),
};
