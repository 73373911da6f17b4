import { command, CustomerId, query } from '@stoa/contract-kit';
import { z } from 'zod';
import { RuleId } from './rules.js';

const Counter = z.string().min(1).max(120).describe("As the quote's `uses` name it");
const ofOrder = { counter: Counter, orderId: z.uuid() };

/**
 * Uses of promotions with limits, in the bucket of their counter. They are steps of placing an order, each done once by
 * order; nobody else calls them.
 */
export const couponOperations = {
  holdCoupon: command({
    summary: "Hold one use of a promotion for an order; the order's own hold is extended",
    caller: 'anyone',
    key: 'input.counter',
    input: z.object({
      ...ofOrder,
      promotion: RuleId,
      customerId: CustomerId,
      holdSeconds: z.int().min(1).max(31_536_000),
    }),
    output: z.object({ until: z.iso.datetime().nullable().describe('Null: confirmed already, it does not end') }),
    errors: { COUPON_UNKNOWN: 409, COUPON_USED_UP: 409 },
  }),
  confirmCoupon: command({
    summary: 'Keep the use that an order holds: it never ends by itself any more',
    caller: 'anyone',
    key: 'input.counter',
    input: z.object(ofOrder),
    output: z.object({}),
    errors: { HOLD_EXPIRED: 409 },
  }),
  freeCoupon: command({
    summary: 'Give back the use of an order that came to nothing, held or confirmed',
    caller: 'anyone',
    key: 'input.counter',
    input: z.object(ofOrder),
    output: z.object({ freed: z.boolean() }),
  }),
  getPromotionUses: query({
    http: 'GET /v1/rules/promotions/{id}/uses',
    summary: 'Read how often a promotion with a limit was given',
    caller: 'operator:orders',
    input: z.object({ id: RuleId }),
    output: z.object({
      used: z.int().min(0).describe('By orders that were placed'),
      held: z.int().min(0).describe('By orders that are being placed'),
      limit: z.int().min(1).nullable(),
    }),
    errors: { NOT_FOUND: 404 },
  }),
};
