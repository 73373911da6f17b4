import type { RuleChange, RuleList, ShopRules } from '@stoa/order-contract';
import { ShopRules as Document } from '@stoa/order-contract';
import {
  aMethod,
  anInput,
  aProduct,
  aPromotion,
  aRate,
  aZone,
  CUSTOMER,
  productsOf,
} from '../../../test/pricing-arbitraries.js';
import { isCountry } from '@stoa/addresses';
import { price, shippingMethodsOf } from '../pricing/price.js';
import { changeRules, type Changed } from './change-rules.js';
import { checkRules } from './check-rules.js';
import { DEFAULT_RULES } from './default-rules.js';

const put = <Rule extends { readonly id: string }>(rules: ShopRules, list: RuleChange['list'], rule: Rule): Changed =>
  changeRules(rules, { list, id: rule.id, rule } as RuleChange, isCountry);
const accepted = (changed: Changed): ShopRules => {
  if ('refused' in changed) throw new Error(changed.detail);
  return changed.rules;
};
type AnyRule = ShopRules[RuleList][number];

const outcome = (changed: Changed): string => ('refused' in changed ? `${changed.refused}: ${changed.detail}` : 'done');

describe('the rules that the shop comes with', () => {
  it('are in order, and by them something can be bought in dollars', () => {
    expect(Document.safeParse(DEFAULT_RULES).error).toBeUndefined();
    expect([...checkRules(DEFAULT_RULES, isCountry)]).toEqual([]);
    const mug = aProduct('SKU-0', { price: { amount: 1800, currency: 'USD' }, grams: 380 });
    const input = anInput({
      rules: DEFAULT_RULES,
      products: productsOf(mug),
      address: { country: 'US', region: 'NY', postalCode: '10001' },
      shippingMethod: 'standard',
      coupon: 'welcome10',
    });
    expect(shippingMethodsOf(input).map(({ method }) => method)).toEqual(['pickup', 'standard', 'express']);
    // 18.00 - 1.80 + 4.90, and 4 % of 16.20 and of 4.90.
    expect(price(input)).toMatchObject({ net: 2110, tax: 65 + 20, total: 2195, problems: [] });
  });
});

describe('changeRules', () => {
  it('gives a rule the version of all rules with which it came', () => {
    const first = accepted(put(DEFAULT_RULES, 'taxRates', aRate({ id: 'ny-city', zone: 'new-york', name: 'City' })));
    expect(first.version).toBe(1);
    expect(first.taxRates.find(({ id }) => id === 'ny-city')?.version).toBe(1);
    const gone = accepted(changeRules(first, { list: 'taxRates', id: 'ny-city', rule: null }, isCountry));
    expect(gone.taxRates).toEqual(expect.arrayContaining(DEFAULT_RULES.taxRates));
    expect(gone.taxRates).toHaveLength(DEFAULT_RULES.taxRates.length);
    const again = accepted(put(gone, 'taxRates', aRate({ id: 'ny-city', zone: 'new-york', name: 'City' })));
    expect(again.taxRates.find(({ id }) => id === 'ny-city')?.version).toBe(3);
    expect([...checkRules(again, isCountry)]).toEqual([]);
  });

  it('removes nothing that is not there, and no zone that others go by', () => {
    const remove = (list: RuleChange['list'], id: string) =>
      outcome(changeRules(DEFAULT_RULES, { list, id, rule: null } as RuleChange, isCountry));
    expect(remove('taxRates', 'none')).toBe('NOT_FOUND: There is no none.');
    expect(remove('taxZones', 'germany')).toBe('RULE_IN_USE: de-vat goes by germany: change or remove it first.');
    expect(remove('shippingZones', 'world')).toMatch(/^RULE_IN_USE: international/);
    expect(remove('promotions', 'welcome')).toBe('done');
  });

  it.each<[string, RuleChange['list'], AnyRule, RegExp]>([
    ['a country that is none', 'taxZones', aZone({ id: 'x', areas: [{ country: 'UK' }] }), /UK is not a country/],
    ['an area of two zones', 'taxZones', aZone({ id: 'x', areas: [{ country: 'DE' }] }), /DE is in germany already/],
    [
      'a region of the world',
      'shippingZones',
      { id: 'x', version: 1, name: 'X', areas: [{ country: '*', region: 'CA' }] },
      /those of a country/,
    ],
    ['a rate of no zone', 'taxRates', aRate({ id: 'x', zone: 'mars' }), /no tax zone mars/],
    ['a rate beside one of its name', 'taxRates', aRate({ id: 'x', zone: 'germany' }), /same time as de-vat/],
    [
      'a rate that ends before it begins',
      'taxRates',
      aRate({ id: 'x', name: 'X', from: '2026-02-01T00:00:00Z', until: '2026-01-01T00:00:00Z' }),
      /ends before/,
    ],
    ['taxes above 100 %', 'taxRates', aRate({ id: 'x', name: 'X', zone: 'germany', percent: '81.0001' }), /above 100/],
    ['a tax on what is untaxed', 'taxRates', aRate({ id: 'x', taxClass: 'untaxed' }), /no tax is on/],
    [
      'an exemption of no zone',
      'taxExemptions',
      { id: 'x', version: 1, customerId: CUSTOMER, zone: 'mars', reason: 'X', from: null, until: null },
      /no tax zone mars/,
    ],
    ['a delivery to nowhere', 'shippingMethods', aMethod({ id: 'x', zone: null }), /needs a zone/],
    ['a delivery to no zone', 'shippingMethods', aMethod({ id: 'x', zone: 'mars' }), /no shipping zone mars/],
    [
      'a pickup that goes somewhere',
      'shippingMethods',
      aMethod({ id: 'x', kind: 'pickup', zone: 'world' }),
      /has no zone/,
    ],
    [
      'a currency that is none',
      'shippingMethods',
      aMethod({ id: 'x', zone: 'world', currency: 'ZZQ' }),
      /not a currency/,
    ],
    [
      'steps that overlap',
      'shippingMethods',
      aMethod({
        id: 'x',
        zone: 'world',
        steps: [
          { upTo: null, price: 1 },
          { upTo: 5, price: 2 },
        ],
      }),
      /steps overlap/,
    ],
    [
      'a code of two promotions at once',
      'promotions',
      aPromotion({ id: 'x', code: 'WELCOME10', effect: { kind: 'free_shipping' } }),
      /has the code WELCOME10/,
    ],
    [
      'three for three',
      'promotions',
      aPromotion({ id: 'x', effect: { kind: 'x_for_y', take: 3, pay: 3 } }),
      /fewer than 3/,
    ],
    [
      'an amount in no currency',
      'promotions',
      aPromotion({ id: 'x', effect: { kind: 'amount', amount: { amount: 1, currency: 'ZZQ' } } }),
      /not a currency/,
    ],
  ])('refuses %s, and says so', (_, list, rule, message) => {
    const refused = outcome(put(DEFAULT_RULES, list, rule));
    expect(refused).toMatch(/^RULE_INVALID: /);
    expect(refused).toMatch(message);
  });

  it('takes rates of one name one after the other, and codes too', () => {
    const change = '2027-01-01T00:00:00Z';
    const old = put(DEFAULT_RULES, 'taxRates', { ...DEFAULT_RULES.taxRates[1]!, until: change });
    const next = put(
      accepted(old),
      'taxRates',
      aRate({ id: 'de-vat-2027', zone: 'germany', percent: '20', from: change }),
    );
    expect(outcome(next)).toBe('done');
    const ended = put(DEFAULT_RULES, 'promotions', { ...DEFAULT_RULES.promotions[0]!, until: change });
    const second = aPromotion({ id: 'x', code: 'WELCOME10', effect: { kind: 'free_shipping' }, from: change });
    expect(outcome(put(accepted(ended), 'promotions', second))).toBe('done');
  });

  it('refuses a rule too many', () => {
    const taxExemptions = Array.from({ length: 500 }, (_, n) => ({
      id: `e-${n}`,
      version: 1,
      customerId: `019b0000-0000-7000-8000-${String(n).padStart(12, '0')}`,
      zone: null,
      reason: 'X',
      from: null,
      until: null,
    }));
    const full = { ...DEFAULT_RULES, taxExemptions };
    expect(outcome(put(full, 'taxExemptions', { ...taxExemptions[0]!, id: 'more', customerId: CUSTOMER }))).toMatch(
      /500 taxExemptions already/,
    );
  });
});
