import { Sku, withoutLimits } from '@stoa/contract-kit';
import { z } from 'zod';
import { QuoteTax } from './quote.js';

const Amount = z.int().min(0).describe("Minor units of the order's currency");

/** The wish of an operator to give back of an order: pieces, shipping, or an amount that is for no piece. */
export const RefundRequest = z.object({
  lines: z
    .array(z.object({ sku: Sku, quantity: z.int().min(1).max(1_000_000) }))
    .max(200)
    .default([]),
  shipping: z
    .union([z.literal('all'), z.int().min(1)])
    .optional()
    .describe('All that is left of it, or an amount'),
  amount: z.int().min(1).optional().describe('Beside lines and shipping; split over all that is left, with its taxes'),
});
export type RefundRequest = z.infer<typeof RefundRequest>;

/** A part of a refund: net and taxes of one line, or of the shipping. */
export const RefundPart = z.object({
  line: z.int().min(0).nullable().describe("The line's place in the quote; null: the shipping"),
  quantity: z.int().min(0).describe('Pieces that are given back; 0: an amount only'),
  amount: Amount.describe('Net and taxes'),
  net: Amount,
  taxes: z.array(QuoteTax),
});
export type RefundPart = z.infer<typeof RefundPart>;

/** A refund, split to the unit: its parts sum to its amount, and those of all refunds to no more than was paid. */
export const RefundSplit = withoutLimits(z.object({ amount: Amount, parts: z.array(RefundPart) }));
export type RefundSplit = z.infer<typeof RefundSplit>;
