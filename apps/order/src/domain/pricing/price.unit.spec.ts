import {
  CUSTOMER,
  aMethod,
  anInput,
  aProduct,
  aRate,
  aZone,
  productsOf,
  theRules,
} from '../../../test/pricing-arbitraries.js';
import { price, shippingMethodsOf, type PriceInput } from './price.js';

const codes = (input: PriceInput): string[] => price(input).problems.map(({ code }) => code);
const IN_DOLLARS = { price: { amount: 5, currency: 'USD' } };

describe('price', () => {
  it('takes the tax out of gross prices and adds it to net ones', () => {
    const gross = price(anInput());
    expect(gross).toMatchObject({ prices: 'gross', goods: 1000, total: 1490, net: 1252, tax: 238, problems: [] });
    expect(gross.lines[0]?.taxes).toEqual([{ rate: 'vat', version: 1, name: 'VAT', percent: '19', amount: 160 }]);
    const net = price(anInput({ rules: theRules({ taxZones: [aZone({ prices: 'net' })] }) }));
    expect(net).toMatchObject({ prices: 'net', net: 1490, tax: 190 + 93, total: 1490 + 190 + 93 });
  });

  it('counts whole yen and a thousand fils, as every amount comes in minor units', () => {
    for (const currency of ['JPY', 'KWD']) {
      const products = productsOf(aProduct('SKU-0', { price: { amount: 1200, currency } }));
      const rules = theRules({ shippingMethods: [aMethod({ currency, steps: [{ upTo: null, price: 500 }] })] });
      expect(price(anInput({ products, rules }))).toMatchObject({ currency, total: 1700, problems: [] });
    }
  });

  it('takes the rate of the time, the class and the most exact zone', () => {
    const rules = theRules({
      taxZones: [
        aZone({ id: 'us', areas: [{ country: 'US' }], prices: 'net' }),
        aZone({ id: 'ny', areas: [{ country: 'US', region: 'NY' }], prices: 'net' }),
        aZone({ id: 'nyc', areas: [{ country: 'US', postalPrefix: '100' }], prices: 'net' }),
      ],
      taxRates: [
        aRate({ id: 'ny-state', zone: 'ny', name: 'State', percent: '4' }),
        aRate({ id: 'nyc-state', zone: 'nyc', name: 'State', percent: '4' }),
        aRate({ id: 'nyc-city-old', zone: 'nyc', name: 'City', percent: '4', until: '2026-01-01T00:00:00Z' }),
        aRate({ id: 'nyc-city', zone: 'nyc', name: 'City', percent: '4.875', from: '2026-01-01T00:00:00Z' }),
        aRate({ id: 'nyc-books', zone: 'nyc', taxClass: 'books', percent: '0' }),
      ],
    });
    const of = (address: PriceInput['address'], taxClass = 'standard') => {
      const products = productsOf(aProduct('SKU-0', { taxClass }));
      return price(anInput({ rules, address, products })).lines[0]?.taxes.map(({ rate, amount }) => [rate, amount]);
    };
    expect(of({ country: 'US', region: 'CA' })).toEqual([]);
    expect(of({ country: 'US', region: 'US-NY', postalCode: '12203' })).toEqual([['ny-state', 40]]);
    const city = [
      ['nyc-city', 49],
      ['nyc-state', 40],
    ];
    expect(of({ country: 'US', region: 'NY', postalCode: '100 01' })).toEqual(city);
    expect(of({ country: 'US', region: 'NY', postalCode: '10001' }, 'books')).toEqual([['nyc-books', 0]]);
    expect(of({ country: 'FR' })).toEqual([]);
  });

  it('takes the tax out of what an exempt customer pays, and says why', () => {
    const exemption = {
      id: 'e',
      version: 1,
      customerId: CUSTOMER,
      zone: null,
      reason: 'Diplomat',
      from: null,
      until: null,
    };
    const quote = price(anInput({ rules: theRules({ taxExemptions: [exemption] }) }));
    expect(quote).toMatchObject({ exemption: 'Diplomat', tax: 0, total: 1252, net: 1252, goods: 1000 });
    expect(quote.lines[0]).toMatchObject({ amount: 1000, exempted: 160, total: 840 });
  });

  it('taxes nothing that is not taxable', () => {
    const products = productsOf(aProduct('SKU-0', { taxable: false }));
    expect(price(anInput({ products })).lines[0]).toMatchObject({ taxClass: 'untaxed', taxes: [], total: 1000 });
  });

  it('goes by the place of the shop while no address is known, and for a pickup', () => {
    expect(price(anInput({ address: undefined })).taxZone).toBe('germany');
    const pickup = aMethod({ id: 'shop', kind: 'pickup', zone: null, steps: [{ upTo: null, price: 0 }] });
    const rules = theRules({ shippingMethods: [pickup] });
    const input = anInput({ rules, shippingMethod: 'shop', address: { country: 'US' } });
    expect(price(input)).toMatchObject({ taxZone: 'germany', total: 1000, problems: [] });
  });

  it('has a problem for each thing that keeps a cart from being ordered', () => {
    expect(codes(anInput({ lines: [] }))).toEqual(['CART_EMPTY']);
    expect(codes(anInput({ lines: [{ sku: 'UNKNOWN', quantity: 1 }] }))).toEqual(['LINE_UNAVAILABLE']);
    expect(codes(anInput({ products: productsOf(aProduct('SKU-0', { available: false })) }))).toEqual([
      'LINE_UNAVAILABLE',
    ]);
    const mixed = productsOf(aProduct('SKU-0'), aProduct('SKU-1', IN_DOLLARS));
    const both = ['SKU-0', 'SKU-1'].map((sku) => ({ sku, quantity: 1 }));
    expect(price(anInput({ products: mixed, lines: both }))).toMatchObject({
      goods: 1000,
      problems: [{ code: 'CURRENCY_MISMATCH', sku: 'SKU-1' }],
    });
    expect(codes(anInput({ shippingMethod: undefined }))).toEqual(['SHIPPING_METHOD_MISSING']);
    expect(codes(anInput({ address: undefined }))).toEqual(['ADDRESS_MISSING']);
    expect(codes(anInput({ shippingMethod: 'balloon' }))).toEqual(['SHIPPING_METHOD_UNKNOWN']);
  });

  it('asks for neither address nor method where nothing needs shipping', () => {
    const products = productsOf(aProduct('SKU-0', { requiresShipping: false }));
    const input = anInput({ products, address: undefined, shippingMethod: undefined });
    expect(price(input)).toMatchObject({ needsShipping: false, shipping: null, total: 1000, problems: [] });
    expect(shippingMethodsOf(input)).toEqual([]);
  });
});

describe('shipping', () => {
  const home = { id: 'home', version: 1, name: 'Home', areas: [{ country: 'DE' }] };
  const islands = { id: 'islands', version: 1, name: 'Islands', areas: [{ country: 'DE', postalPrefix: '27498' }] };
  const rules = theRules({
    shippingZones: [home, islands],
    shippingMethods: [
      aMethod({ id: 'boat', zone: 'islands', steps: [{ upTo: null, price: 2000 }] }),
      aMethod({
        id: 'light',
        zone: 'home',
        steps: [
          { upTo: 500, price: 300 },
          { upTo: 2000, price: 500 },
        ],
        freeFrom: 10_000,
      }),
      aMethod({ id: 'by-piece', zone: 'home', by: 'pieces', steps: [{ upTo: 5, price: 900 }] }),
      aMethod({ id: 'by-price', zone: 'home', by: 'price', steps: [{ upTo: 1000, price: 700 }] }),
      aMethod({ id: 'dollars', zone: 'home', currency: 'USD' }),
      aMethod({ id: 'off', zone: 'home', active: false }),
      aMethod({ id: 'shop', kind: 'pickup', zone: null, steps: [{ upTo: null, price: 0 }] }),
    ],
  });
  const offered = (with_: Partial<PriceInput>) =>
    shippingMethodsOf(anInput({ rules, ...with_ })).map((each) => [each.method, each.price]);
  const pieces = (quantity: number) => ({ lines: [{ sku: 'SKU-0', quantity }] });

  it('offers what goes there and takes so much, by weight, price or pieces', () => {
    const shop = ['shop', 0];
    expect(offered(pieces(1))).toEqual([shop, ['light', 300], ['by-price', 700], ['by-piece', 900]]);
    expect(offered(pieces(5))).toEqual([shop, ['light', 300], ['by-piece', 900]]);
    expect(offered(pieces(6))).toEqual([shop, ['light', 500]]);
    expect(offered(pieces(10))).toEqual([['light', 0], shop]);
    expect(offered(pieces(21))).toEqual([shop]);
    expect(offered({ address: { country: 'DE', postalCode: '27498' } })).toEqual([shop, ['boat', 2000]]);
    expect(offered({ address: { country: 'FR' } })).toEqual([shop]);
    expect(offered({ address: undefined })).toEqual([shop]);
  });

  it('refuses a method that does not go there, takes less, or has another currency', () => {
    for (const [shippingMethod, quantity] of [
      ['boat', 1] as const,
      ['by-piece', 6] as const,
      ['dollars', 1] as const,
    ]) {
      const input = anInput({ rules, shippingMethod, ...pieces(quantity) });
      expect(codes(input)).toEqual(['SHIPPING_METHOD_UNAVAILABLE']);
    }
    expect(codes(anInput({ rules, shippingMethod: 'off' }))).toEqual(['SHIPPING_METHOD_UNKNOWN']);
  });

  it('leaves out what needs none', () => {
    const products = productsOf(aProduct('SKU-0'), aProduct('SKU-1', { requiresShipping: false, grams: 90_000 }));
    const lines = ['SKU-0', 'SKU-1'].map((sku) => ({ sku, quantity: 1 }));
    const quote = price(anInput({ rules, products, lines, shippingMethod: 'light' }));
    expect(quote).toMatchObject({ shipping: { price: 300 }, total: 2300, problems: [] });
  });
});
