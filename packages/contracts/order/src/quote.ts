import { Handle, Sku, Timestamp, withoutLimits } from '@stoa/contract-kit';
import { z } from 'zod';
import { CouponCode, Percent, RuleId } from './rules.js';

const Amount = z.int().min(0).describe("Minor units of the quote's currency");
const RuleVersion = z.int().positive();

/** The amount that a promotion took off. */
export const QuoteDiscount = z.object({
  promotion: RuleId,
  version: RuleVersion,
  code: CouponCode.nullable(),
  name: z.string(),
  amount: Amount,
});
export type QuoteDiscount = z.infer<typeof QuoteDiscount>;

/** One tax on one line, rounded once, half up. */
export const QuoteTax = z.object({
  rate: RuleId,
  version: RuleVersion,
  name: z.string(),
  percent: Percent,
  amount: Amount,
});
export type QuoteTax = z.infer<typeof QuoteTax>;

/**
 * What something costs: `price` − the discounts = `amount`. Where prices are gross, `amount` − `exempted` = `total` and
 * `total` − the taxes = `net`; where they are net, `amount` = `net` and `net` + the taxes = `total`.
 */
const charge = {
  price: Amount.describe('Before discounts'),
  discounts: z.array(QuoteDiscount),
  amount: Amount.describe('After discounts'),
  exempted: Amount.describe("Tax that was in the price and that this customer doesn't pay"),
  taxClass: z.string(),
  taxes: z.array(QuoteTax),
  tax: Amount.describe('The sum of the taxes'),
  net: Amount.describe('Without tax'),
  total: Amount.describe('What is paid for it'),
};

export const QuoteLine = z.object({
  sku: Sku,
  product: Handle,
  title: z.string(),
  imageUrl: z.string().nullable(),
  quantity: z.int().positive(),
  unitPrice: Amount,
  requiresShipping: z.boolean(),
  ...charge,
});
export type QuoteLine = z.infer<typeof QuoteLine>;

/** How the goods get to the shopper, and what that costs. */
export const QuoteShipping = z.object({
  method: RuleId,
  version: RuleVersion,
  name: z.string(),
  kind: z.enum(['delivery', 'pickup']),
  ...charge,
});
export type QuoteShipping = z.infer<typeof QuoteShipping>;

/** Why a quote can't be ordered as it is. */
export const QuoteProblemCode = z.enum([
  'CART_EMPTY',
  'LINE_UNAVAILABLE',
  'CURRENCY_MISMATCH',
  'TOTAL_TOO_LARGE',
  'ADDRESS_MISSING',
  'ADDRESS_INCOMPLETE',
  'SHIPPING_METHOD_MISSING',
  'SHIPPING_METHOD_UNKNOWN',
  'SHIPPING_METHOD_UNAVAILABLE',
  'COUPON_UNKNOWN',
  'COUPON_NOT_YET',
  'COUPON_OVER',
  'COUPON_USED_UP',
  'COUPON_NOT_FOR_THIS_CART',
]);
export type QuoteProblemCode = z.infer<typeof QuoteProblemCode>;

export const QuoteProblem = z.object({
  code: QuoteProblemCode,
  message: z.string(),
  sku: Sku.optional().describe('Of the line that is meant'),
});
export type QuoteProblem = z.infer<typeof QuoteProblem>;

/** A promotion with limits that the quote makes use of: counted by `counter`, held while the order is placed. */
export const CouponUse = z.object({ counter: z.string(), promotion: RuleId, code: CouponCode.nullable() });
export type CouponUse = z.infer<typeof CouponUse>;

/** The price of a cart at one moment. All amounts are in one currency, and parts sum to `total`. */
export const Quote = withoutLimits(
  z.object({
    currency: z.string().regex(/^[A-Z]{3}$/),
    rulesVersion: z.int().min(0),
    pricedAt: Timestamp,
    prices: z.enum(['gross', 'net']).describe('Whether prices and discounts have the tax in them'),
    taxZone: RuleId.nullable().describe('Null: no tax'),
    exemption: z.string().nullable().describe('Why no tax is paid'),
    lines: z.array(QuoteLine),
    shipping: QuoteShipping.nullable().describe('Null where nothing needs shipping, or nothing was chosen yet'),
    needsShipping: z.boolean(),
    coupon: z
      .object({ code: CouponCode, applied: z.boolean() })
      .nullable()
      .describe('Not applied while there is a problem with it, or where the shopper saves more without it'),
    uses: z.array(CouponUse),
    goods: Amount.describe('The lines before discounts'),
    discounts: z.array(QuoteDiscount).describe('Of lines and shipping, summed by promotion'),
    taxes: z.array(QuoteTax).describe('Of lines and shipping, summed by rate'),
    tax: Amount,
    net: Amount,
    total: Amount.describe('Of lines and shipping: what is paid'),
    problems: z.array(QuoteProblem).describe('Empty: it can be ordered'),
  }),
);
export type Quote = z.infer<typeof Quote>;

/** A way to get the goods that can be chosen. */
export const OfferedShipping = withoutLimits(
  z.object({
    method: RuleId,
    name: z.string(),
    description: z.string(),
    kind: z.enum(['delivery', 'pickup']),
    price: Amount,
    currency: z.string(),
  }),
);
export type OfferedShipping = z.infer<typeof OfferedShipping>;
