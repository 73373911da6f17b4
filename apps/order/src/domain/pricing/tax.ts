import type { QuoteTax, ShopRules, TaxRate, TaxZone } from '@stoa/order-contract';
import { zoneOf, type Place } from './areas.js';
import { millionths, roundHalfUp, sum, WHOLE } from './money.js';
import { holdsAt } from './period.js';

/** The class of goods that no tax is on. */
export const UNTAXED = 'untaxed';

/** The sum that is paid for an amount, and the taxes of it: the part of a charge that taxes make up. */
export interface Taxed {
  readonly exempted: number;
  readonly taxes: readonly QuoteTax[];
  readonly tax: number;
  readonly net: number;
  readonly total: number;
}

/** How amounts are taxed for one customer, at one place and time. */
export interface Taxation {
  readonly zone: TaxZone | undefined;
  readonly prices: 'gross' | 'net';
  /** Why the customer pays no tax. */
  readonly exemption: string | null;
  readonly of: (amount: number, taxClass: string) => Taxed;
}

/** The taxes in a gross amount, or on a net one: each is rounded once. */
function taxesOf(amount: number, rates: readonly TaxRate[], prices: 'gross' | 'net'): QuoteTax[] {
  const all = rates.reduce((total, { percent }) => total + millionths(percent), 0n);
  const base = prices === 'gross' ? WHOLE + all : WHOLE;
  return rates.map(({ id, version, name, percent }) => ({
    rate: id,
    version,
    name,
    percent,
    amount: roundHalfUp(BigInt(amount) * millionths(percent), base),
  }));
}

function taxed(amount: number, taxes: readonly QuoteTax[], prices: 'gross' | 'net', isExempt: boolean): Taxed {
  const tax = sum(taxes.map((each) => each.amount));
  if (isExempt) {
    const total = prices === 'gross' ? amount - tax : amount;
    return { exempted: amount - total, taxes: [], tax: 0, net: total, total };
  }
  const net = prices === 'gross' ? amount - tax : amount;
  return { exempted: 0, taxes, tax, net, total: net + tax };
}

/** The taxes at a place, without one no tax. */
export function taxationOf(rules: ShopRules, place: Place, customerId: string, now: Date): Taxation {
  const zone = zoneOf(rules.taxZones, place);
  const prices = zone?.prices ?? 'net';
  const rates = rules.taxRates
    .filter((rate) => rate.zone === zone?.id && holdsAt(rate, now) === 'holds')
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const exemption = rules.taxExemptions.find(
    (each) =>
      each.customerId === customerId &&
      (each.zone === null || each.zone === zone?.id) &&
      holdsAt(each, now) === 'holds',
  );
  return {
    zone,
    prices,
    exemption: exemption?.reason ?? null,
    of: (amount, taxClass) => {
      const ofClass = taxClass === UNTAXED ? [] : rates.filter((rate) => rate.taxClass === taxClass);
      return taxed(amount, taxesOf(amount, ofClass, prices), prices, exemption !== undefined);
    },
  };
}
