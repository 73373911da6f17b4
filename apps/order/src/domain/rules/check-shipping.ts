import { isCurrency } from '@stoa/contract-kit';
import type { ShippingMethod, ShopRules } from '@stoa/order-contract';
import { checkAreas, type IsCountry } from './check-areas.js';

const bound = (upTo: number | null): number => upTo ?? Infinity;

function* checkMethod({ id, kind, zone, currency, steps }: ShippingMethod, { shippingZones }: ShopRules) {
  if (kind === 'pickup' && zone !== null) yield `Shipping method ${id}: a pickup goes nowhere, so it has no zone.`;
  if (kind === 'delivery' && !shippingZones.some((each) => each.id === zone))
    yield zone === null
      ? `Shipping method ${id}: a delivery needs a zone.`
      : `Shipping method ${id}: there is no shipping zone ${zone}.`;
  if (!isCurrency(currency)) yield `Shipping method ${id}: ${currency} is not a currency.`;
  const rise = steps.every(({ upTo }, n) => n === 0 || bound(upTo) > bound(steps[n - 1]!.upTo));
  if (!rise) yield `Shipping method ${id}: its steps overlap; each has to go up to more than the one before.`;
}

export function* checkShipping(rules: ShopRules, isCountry: IsCountry): Generator<string> {
  yield* checkAreas('Shipping zone', rules.shippingZones, isCountry);
  for (const method of rules.shippingMethods) yield* checkMethod(method, rules);
}
