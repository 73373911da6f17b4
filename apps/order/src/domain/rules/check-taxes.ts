import type { ShopRules, TaxRate } from '@stoa/order-contract';
import { millionths, WHOLE } from '../pricing/money.js';
import { holdsAt, isEmpty, overlap } from '../pricing/period.js';
import { UNTAXED } from '../pricing/tax.js';
import { checkAreas, type IsCountry } from './check-areas.js';

const isSameKind = (a: TaxRate, b: TaxRate): boolean => a.zone === b.zone && a.taxClass === b.taxClass;

/** The rates of a zone and class that hold when this one begins: their sum is largest when one begins. */
function sumWith(rate: TaxRate, rates: readonly TaxRate[]): bigint {
  const begin = new Date(rate.from ?? -8.64e15);
  const together = rates.filter((other) => isSameKind(rate, other) && holdsAt(other, begin) === 'holds');
  return together.reduce((total, { percent }) => total + millionths(percent), 0n);
}

function* checkRate(rate: TaxRate, { taxRates, taxZones }: ShopRules): Generator<string> {
  const { id, zone, taxClass, name } = rate;
  if (!taxZones.some((each) => each.id === zone)) yield `Tax rate ${id}: there is no tax zone ${zone}.`;
  if (taxClass === UNTAXED) yield `Tax rate ${id}: ${UNTAXED} is the class of goods that no tax is on.`;
  if (isEmpty(rate)) yield `Tax rate ${id}: it ends before it begins.`;
  const others = taxRates.filter((each) => each.id < id && each.name === name && isSameKind(each, rate));
  for (const other of others)
    if (overlap(other, rate)) yield `Tax rate ${id}: it holds at the same time as ${other.id}, which has its name.`;
  if (sumWith(rate, taxRates) > WHOLE) yield `Tax rate ${id}: taxes that hold at once are above 100 %.`;
}

export function* checkTaxes(rules: ShopRules, isCountry: IsCountry): Generator<string> {
  yield* checkAreas('Tax zone', rules.taxZones, isCountry);
  for (const rate of rules.taxRates) yield* checkRate(rate, rules);
  for (const exemption of rules.taxExemptions) {
    const { id, zone, customerId } = exemption;
    if (zone !== null && !rules.taxZones.some((each) => each.id === zone))
      yield `Tax exemption ${id}: there is no tax zone ${zone}.`;
    if (isEmpty(exemption)) yield `Tax exemption ${id}: it ends before it begins.`;
    const other = rules.taxExemptions.find(
      (each) => each.id < id && each.customerId === customerId && each.zone === zone && overlap(each, exemption),
    );
    if (other) yield `Tax exemption ${id}: it holds at the same time as ${other.id}, of the same customer and zone.`;
  }
}
