import { command, query, state, withoutLimits, type Errors } from '@stoa/contract-kit';
import { z } from 'zod';
import {
  Promotion,
  RuleId,
  ShippingMethod,
  ShippingZone,
  ShopRules,
  ShopSettings,
  TaxExemption,
  TaxRate,
  TaxZone,
} from './rules.js';

const RulesVersion = z.int().min(0);
const seen = { rulesVersion: RulesVersion.optional().describe('As they were read: with others, RULES_CHANGED') };
const errors = { RULE_INVALID: 422, RULE_IN_USE: 409, RULES_CHANGED: 409, NOT_FOUND: 404 } as const satisfies Errors;

const written = <Rule extends z.ZodObject>(rule: Rule) => rule.omit({ version: true });

/** The rules that operators write one by one, by the name of their list. */
export const RULE_SCHEMAS = {
  taxZones: written(TaxZone),
  taxRates: written(TaxRate),
  taxExemptions: written(TaxExemption),
  shippingZones: written(ShippingZone),
  shippingMethods: written(ShippingMethod),
  promotions: written(Promotion),
} as const;
export type RuleList = keyof typeof RULE_SCHEMAS;

const put = <Rule extends z.ZodObject, Path extends string>(path: Path, thing: string, rule: Rule) =>
  command({
    http: `PUT /v1/rules/${path}/{id}`,
    summary: `Make or replace ${thing}`,
    caller: 'operator:orders',
    key: 'input.id',
    input: written(rule).extend(seen),
    output: z.object({ rulesVersion: RulesVersion, rule: withoutLimits(rule) }),
    errors,
  });

const remove = <Path extends string>(path: Path, thing: string) =>
  command({
    http: `DELETE /v1/rules/${path}/{id}`,
    summary: `Remove ${thing}`,
    caller: 'operator:orders',
    key: 'input.id',
    input: z.object({ id: RuleId, ...seen }),
    output: z.object({}),
    status: 204,
    errors,
  });

const changeOf = <List extends RuleList>(list: List) =>
  z.object({
    list: z.literal(list),
    id: RuleId,
    rule: RULE_SCHEMAS[list].nullable().describe('Null: it is removed'),
  });

/** One change of the rules. */
export const RuleChange = z.union([
  z.object({ list: z.literal('settings'), rule: ShopSettings }),
  changeOf('taxZones'),
  changeOf('taxRates'),
  changeOf('taxExemptions'),
  changeOf('shippingZones'),
  changeOf('shippingMethods'),
  changeOf('promotions'),
]);
export type RuleChange = z.infer<typeof RuleChange>;

/** Operators' work on the shop's rules. Quotes that are given already keep theirs. */
export const ruleOperations = {
  getRules: query({
    http: 'GET /v1/rules',
    summary: 'Read all rules of the shop: settings, taxes, shipping, promotions',
    caller: 'operator:orders',
    input: z.object({}),
    output: ShopRules,
  }),
  putSettings: command({
    http: 'PUT /v1/rules/settings',
    summary: 'Set what holds for the whole shop',
    caller: 'operator:orders',
    key: 'command.id',
    input: ShopSettings.extend(seen),
    output: z.object({ rulesVersion: RulesVersion, settings: withoutLimits(ShopSettings) }),
    errors,
  }),
  putTaxZone: put('tax-zones', 'a tax zone', TaxZone),
  removeTaxZone: remove('tax-zones', 'a tax zone'),
  putTaxRate: put('tax-rates', 'a tax rate', TaxRate),
  removeTaxRate: remove('tax-rates', 'a tax rate'),
  putTaxExemption: put('tax-exemptions', "a customer's exemption from taxes", TaxExemption),
  removeTaxExemption: remove('tax-exemptions', "a customer's exemption from taxes"),
  putShippingZone: put('shipping-zones', 'a shipping zone', ShippingZone),
  removeShippingZone: remove('shipping-zones', 'a shipping zone'),
  putShippingMethod: put('shipping-methods', 'a shipping method', ShippingMethod),
  removeShippingMethod: remove('shipping-methods', 'a shipping method'),
  putPromotion: put('promotions', 'a promotion, with a coupon code or without', Promotion),
  removePromotion: remove('promotions', 'a promotion'),

  /** The step of them all: the rules are one document, in the bucket of its name. */
  changeRules: command({
    summary: 'Change the rules',
    caller: 'operator:orders',
    key: 'input.document',
    input: z.object({ document: z.literal('rules'), change: RuleChange, ...seen }),
    output: z.object({ rulesVersion: RulesVersion }),
    errors,
  }),

  rules: state({
    summary: 'The rules of the shop, by which orders are priced',
    key: 'id',
    data: ShopRules,
  }),
};
