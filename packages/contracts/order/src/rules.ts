import { CustomerId, Handle, Price, Sku, Timestamp, withoutLimits } from '@stoa/contract-kit';
import { z } from 'zod';
import {
  MAX_AREAS,
  MAX_EXEMPTIONS,
  MAX_METHODS,
  MAX_PROMOTION_TARGETS,
  MAX_PROMOTIONS,
  MAX_RATES,
  MAX_RULE_TEXT,
  MAX_STEPS,
  MAX_ZONES,
} from './rule-limits.js';

/** A rule's name in URLs and quotes. */
export const RuleId = z
  .string()
  .min(1)
  .max(60)
  .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, 'lower case letters, digits and dashes');
export type RuleId = z.infer<typeof RuleId>;

const Text = z.string().trim().min(1).max(MAX_RULE_TEXT);
const Version = z.int().positive().describe('Of the rules with which it came: quotes name it');
const Currency = z.string().regex(/^[A-Z]{3}$/, 'an ISO 4217 code such as EUR');
const Country = z.string().regex(/^[A-Z]{2}$/, 'an ISO 3166-1 code such as DE');

/** Per cent in decimal digits, exact: "19", "8.875". Never negative, at most 100. */
export const Percent = z
  .string()
  .regex(/^(?:100|(?:0|[1-9]\d?)(?:\.\d{1,4})?)$/, 'per cent from 0 to 100 such as "19" or "8.875"');

/** When a rule holds: from `from` on and before `until`; null on a side without an end. */
const Period = {
  from: Timestamp.nullable().default(null),
  until: Timestamp.nullable().default(null).describe('The first moment at which it does not hold any more'),
};

/** A country, a region of one, or the addresses whose postal code begins so. The most exact area wins. */
export const Area = z.object({
  country: z.union([Country, z.literal('*')]).describe('ISO 3166-1 alpha-2; * for all countries that no area names'),
  region: z
    .string()
    .regex(/^[A-Z0-9]{1,3}$/, 'ISO 3166-2 without its country, such as CA')
    .optional(),
  postalPrefix: z
    .string()
    .regex(/^[A-Z0-9]{1,10}$/, 'upper case letters and digits only')
    .optional(),
});
export type Area = z.infer<typeof Area>;

const Areas = z.array(Area).min(1).max(MAX_AREAS);

/** Where the same taxes hold. */
export const TaxZone = z.object({
  id: RuleId,
  version: Version,
  name: Text,
  areas: Areas,
  prices: z
    .enum(['gross', 'net'])
    .describe("What the catalog's prices are here: with the tax (it is taken out) or without it (it is added)"),
});
export type TaxZone = z.infer<typeof TaxZone>;

/** The class of goods that a rate is for; what a variant without one has is `standard`. */
export const TaxClass = z
  .string()
  .max(40)
  .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, 'lower case letters, digits and dashes');

/** One tax on one class of goods in one zone. Several may hold at once, such as a state's and a county's. */
export const TaxRate = z.object({
  id: RuleId,
  version: Version,
  zone: RuleId,
  taxClass: TaxClass.default('standard'),
  name: Text.describe('As it is shown, such as VAT; rates of one name, zone and class never hold at once'),
  percent: Percent,
  ...Period,
});
export type TaxRate = z.infer<typeof TaxRate>;

/** A customer who pays no tax. */
export const TaxExemption = z.object({
  id: RuleId,
  version: Version,
  customerId: CustomerId,
  zone: RuleId.nullable().default(null).describe('Null: in all zones'),
  reason: Text.describe('Shown in quotes and on invoices, such as "Reverse charge"'),
  ...Period,
});
export type TaxExemption = z.infer<typeof TaxExemption>;

/** Where the same shipping methods go. */
export const ShippingZone = z.object({ id: RuleId, version: Version, name: Text, areas: Areas });
export type ShippingZone = z.infer<typeof ShippingZone>;

/** The price of all parcels up to a bound: grams, minor units or pieces. */
const Step = z.object({
  upTo: z.int().min(1).max(1_000_000_000_000).nullable().describe('Inclusive; null without a bound, in the last step'),
  price: Price.shape.amount,
});

/** A way for goods to get to the shopper. */
export const ShippingMethod = z.object({
  id: RuleId,
  version: Version,
  name: Text,
  description: z.string().max(MAX_RULE_TEXT).default(''),
  kind: z.enum(['delivery', 'pickup']).default('delivery'),
  zone: RuleId.nullable().default(null).describe('Where it goes; null for a pickup'),
  currency: Currency,
  by: z
    .enum(['weight', 'price', 'pieces'])
    .describe('What the steps go by: grams, minor units of the goods, or pieces'),
  steps: z.array(Step).min(1).max(MAX_STEPS).describe('Rising; what is above the last is not taken'),
  freeFrom: Price.shape.amount
    .nullable()
    .default(null)
    .describe('Free where the goods that need shipping come to as much, discounts taken off'),
  taxClass: TaxClass.default('standard'),
  active: z.boolean().default(true),
});
export type ShippingMethod = z.infer<typeof ShippingMethod>;

const targets = <Item extends z.ZodType>(item: Item) => z.array(item).max(MAX_PROMOTION_TARGETS).default([]);

/** The effect of a promotion. */
export const PromotionEffect = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('percent'), percent: Percent }),
  z.object({ kind: z.literal('amount'), amount: Price.describe('At most what the goods cost') }),
  z.object({ kind: z.literal('free_shipping') }),
  z.object({
    kind: z.literal('x_for_y'),
    take: z.int().min(2).max(100).describe('Of so many pieces …'),
    pay: z.int().min(1).max(99).describe('… so many are paid: the cheapest are free'),
  }),
]);
export type PromotionEffect = z.infer<typeof PromotionEffect>;

/** A coupon's code as it is stored: shoppers may write it in any case. */
export const CouponCode = z
  .string()
  .min(1)
  .max(40)
  .regex(/^[A-Z0-9]+(?:[-_][A-Z0-9]+)*$/, 'upper case letters, digits, dashes');

/** A discount, given to everybody or to who knows its code. */
export const Promotion = z.object({
  id: RuleId,
  version: Version,
  name: Text,
  code: CouponCode.nullable().default(null).describe('Null: given without a code'),
  effect: PromotionEffect,
  on: z
    .object({
      products: targets(Handle),
      skus: targets(Sku),
      categories: targets(z.string().min(1).max(255)),
      tags: targets(z.string().min(1).max(255)),
    })
    .default({ products: [], skus: [], categories: [], tags: [] })
    .describe('Goods that are named in one of these; all goods where nothing is named'),
  minimum: z
    .object({
      amount: Price.nullable().default(null),
      pieces: z.int().min(1).max(1_000_000).nullable().default(null),
    })
    .default({ amount: null, pieces: null })
    .describe('Of the goods that it is on, before any discount'),
  ...Period,
  firstOrder: z.boolean().default(false).describe("Only for a customer's first order"),
  limit: z.int().min(1).max(1_000_000_000).nullable().default(null).describe('How often it is given in all'),
  limitPerCustomer: z.int().min(1).max(1_000_000).nullable().default(null),
  combines: z.boolean().default(true).describe('False: never beside another promotion'),
  priority: z.int().min(0).max(1_000_000).default(100).describe('The lower comes first; the next goes by what is left'),
  active: z.boolean().default(true),
});
export type Promotion = z.infer<typeof Promotion>;

/** Settings of the whole shop. */
export const ShopSettings = z.object({
  currency: Currency.describe('Of rules that name none'),
  country: Country.describe('Where the shop is: the place of taxes for pickups and before an address is known'),
  region: Area.shape.region,
  postalCode: z.string().max(20).optional(),
  seller: z.array(z.string().max(MAX_RULE_TEXT)).max(10).default([]).describe("Lines of the seller's address"),
  taxNumber: z.string().max(60).default('').describe('Shown on invoices'),
  invoiceSeries: z
    .string()
    .regex(/^[A-Z0-9]{1,10}$/)
    .default('INV'),
  creditNoteSeries: z
    .string()
    .regex(/^[A-Z0-9]{1,10}$/)
    .default('CN'),
});
export type ShopSettings = z.infer<typeof ShopSettings>;

/** All rules of the shop: one document, so that a quote's rules fit each other. */
export const ShopRules = withoutLimits(
  z.object({
    id: z.literal('rules'),
    version: z.int().min(0).describe('Grows with each change; 0: as the shop came'),
    settings: ShopSettings,
    taxZones: z.array(TaxZone).max(MAX_ZONES),
    taxRates: z.array(TaxRate).max(MAX_RATES),
    taxExemptions: z.array(TaxExemption).max(MAX_EXEMPTIONS),
    shippingZones: z.array(ShippingZone).max(MAX_ZONES),
    shippingMethods: z.array(ShippingMethod).max(MAX_METHODS),
    promotions: z.array(Promotion).max(MAX_PROMOTIONS),
  }),
);
export type ShopRules = z.infer<typeof ShopRules>;
