import { isCurrency } from '@stoa/contract-kit';
import {
  MAX_EXEMPTIONS,
  MAX_METHODS,
  MAX_PROMOTIONS,
  MAX_RATES,
  MAX_RULES_BYTES,
  MAX_ZONES,
  type RuleList,
  type ShopRules,
} from '@stoa/order-contract';
import { checkPromotions } from './check-promotions.js';
import { checkShipping } from './check-shipping.js';
import { checkTaxes } from './check-taxes.js';
import type { IsCountry } from './check-areas.js';

const MOST: Readonly<Record<RuleList, number>> = {
  taxZones: MAX_ZONES,
  taxRates: MAX_RATES,
  taxExemptions: MAX_EXEMPTIONS,
  shippingZones: MAX_ZONES,
  shippingMethods: MAX_METHODS,
  promotions: MAX_PROMOTIONS,
};

function* checkSizes(rules: ShopRules): Generator<string> {
  for (const [list, most] of Object.entries(MOST))
    if (rules[list as RuleList].length > most) yield `There are ${most} ${list} already, as many as can be.`;
  const bytes = Buffer.byteLength(JSON.stringify(rules));
  if (bytes > MAX_RULES_BYTES) yield `All rules together take ${bytes} bytes, and at most ${MAX_RULES_BYTES} are kept.`;
}

function* checkSettings({ settings }: ShopRules, isCountry: IsCountry): Generator<string> {
  if (!isCurrency(settings.currency)) yield `Settings: ${settings.currency} is not a currency.`;
  if (!isCountry(settings.country)) yield `Settings: ${settings.country} is not a country.`;
}

/** All that is wrong with the rules as a whole, one message for each; none for rules by which can be priced. */
export function* checkRules(rules: ShopRules, isCountry: IsCountry): Generator<string> {
  yield* checkSettings(rules, isCountry);
  yield* checkTaxes(rules, isCountry);
  yield* checkShipping(rules, isCountry);
  yield* checkPromotions(rules);
  yield* checkSizes(rules);
}
