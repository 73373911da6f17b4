import { CURRENCIES } from '@stoa/contract-kit';
import type { Promotion, ShippingMethod, ShopRules, TaxRate, TaxZone } from '@stoa/order-contract';
import * as fc from 'fast-check';
import type { Place } from '../src/domain/pricing/areas.js';
import type { CartLine, PricedProduct } from '../src/domain/pricing/basket.js';
import type { PriceInput } from '../src/domain/pricing/price.js';

export const NOW = new Date('2026-12-01T12:00:00Z');
export const CUSTOMER = '019b0000-0000-7000-8000-000000000001';
export const SKUS = ['SKU-0', 'SKU-1', 'SKU-2', 'SKU-3', 'SKU-4'];

export const aProduct = (sku: string, with_: Partial<PricedProduct> = {}): PricedProduct => ({
  sku,
  product: `product-${sku.toLowerCase()}`,
  title: `The ${sku}`,
  imageUrl: null,
  price: { amount: 1000, currency: 'EUR' },
  sold: true,
  available: true,
  category: '',
  tags: [],
  grams: 100,
  requiresShipping: true,
  taxable: true,
  taxClass: 'standard',
  ...with_,
});

export const productsOf = (...products: readonly PricedProduct[]): ReadonlyMap<string, PricedProduct> =>
  new Map(products.map((product) => [product.sku, product]));

export const aPromotion = (with_: Partial<Promotion> & Pick<Promotion, 'id' | 'effect'>): Promotion => ({
  version: 1,
  name: with_.id,
  code: null,
  on: { products: [], skus: [], categories: [], tags: [] },
  minimum: { amount: null, pieces: null },
  from: null,
  until: null,
  firstOrder: false,
  limit: null,
  limitPerCustomer: null,
  combines: true,
  priority: 100,
  active: true,
  ...with_,
});

export const aMethod = (with_: Partial<ShippingMethod> = {}): ShippingMethod => ({
  id: 'parcel',
  version: 1,
  name: 'Parcel',
  description: '',
  kind: 'delivery',
  zone: 'everywhere',
  currency: 'EUR',
  by: 'weight',
  steps: [{ upTo: null, price: 490 }],
  freeFrom: null,
  taxClass: 'standard',
  active: true,
  ...with_,
});

export const aZone = (with_: Partial<TaxZone> = {}): TaxZone => ({
  id: 'germany',
  version: 1,
  name: 'Germany',
  areas: [{ country: 'DE' }],
  prices: 'gross',
  ...with_,
});

export const aRate = (with_: Partial<TaxRate> = {}): TaxRate => ({
  id: 'vat',
  version: 1,
  zone: 'germany',
  taxClass: 'standard',
  name: 'VAT',
  percent: '19',
  from: null,
  until: null,
  ...with_,
});

export const theRules = (with_: Partial<ShopRules> = {}): ShopRules => ({
  id: 'rules',
  version: 1,
  settings: {
    currency: 'EUR',
    country: 'DE',
    seller: [],
    taxNumber: '',
    invoiceSeries: 'INV',
    creditNoteSeries: 'CN',
  },
  taxZones: [aZone()],
  taxRates: [aRate()],
  taxExemptions: [],
  shippingZones: [{ id: 'everywhere', version: 1, name: 'Everywhere', areas: [{ country: '*' }] }],
  shippingMethods: [aMethod()],
  promotions: [],
  ...with_,
});

/** A cart that can be ordered: one piece of each SKU, to be shipped to Germany. */
export const anInput = (with_: Partial<PriceInput> = {}): PriceInput => ({
  lines: [{ sku: 'SKU-0', quantity: 1 }],
  products: productsOf(...SKUS.map((sku) => aProduct(sku))),
  shopper: { customerId: CUSTOMER, hasOrdered: false },
  address: { country: 'DE', postalCode: '10115' },
  shippingMethod: 'parcel',
  rules: theRules(),
  now: NOW,
  ...with_,
});

const percent = fc.oneof(
  fc.constantFrom('0', '5', '7', '19', '25', '100', '8.875', '0.0001', '33.3333'),
  fc.integer({ min: 0, max: 999_999 }).map((n) => `${Math.floor(n / 10_000)}.${String(n % 10_000).padStart(4, '0')}`),
);
/** At most 50: two of them are at most the whole. */
const taxPercent = fc.constantFrom('0', '5', '7', '8.875', '19', '25', '49.9999', '50');
const currency = fc.constantFrom(...CURRENCIES);
const effects = (currency_: string): fc.Arbitrary<Promotion['effect']> =>
  fc.oneof(
    percent.map((each) => ({ kind: 'percent' as const, percent: each })),
    fc.nat(5000).map((amount) => ({ kind: 'amount' as const, amount: { amount, currency: currency_ } })),
    fc.constant({ kind: 'free_shipping' as const }),
    fc
      .tuple(fc.integer({ min: 2, max: 5 }), fc.integer({ min: 1, max: 4 }))
      .map(([take, pay]) => ({ kind: 'x_for_y' as const, take, pay: Math.min(pay, take - 1) })),
  );

const promotions = (currency_: string): fc.Arbitrary<Promotion[]> =>
  fc
    .array(
      fc.record({
        effect: effects(currency_),
        skus: fc.subarray(SKUS),
        combines: fc.boolean(),
        priority: fc.nat(3),
        code: fc.constantFrom(null, 'SAVE'),
        limit: fc.constantFrom(null, 10),
      }),
      { maxLength: 5 },
    )
    .map((all) =>
      all.map(({ skus, ...rest }, n) =>
        aPromotion({ id: `p${n}`, ...rest, on: { products: [], skus, categories: [], tags: [] } }),
      ),
    );

const products = (currency_: string): fc.Arbitrary<ReadonlyMap<string, PricedProduct>> =>
  fc
    .tuple(
      ...SKUS.map((sku) =>
        fc
          .record({
            amount: fc.oneof(fc.nat(20), fc.nat(100_000), fc.constant(999_999_999_999)),
            taxable: fc.boolean(),
            taxClass: fc.constantFrom('standard', 'reduced'),
            requiresShipping: fc.boolean(),
            grams: fc.nat(50_000),
          })
          .map(({ amount, ...rest }) => aProduct(sku, { price: { amount, currency: currency_ }, ...rest })),
      ),
    )
    .map((all) => productsOf(...all));

const rules = (currency_: string): fc.Arbitrary<ShopRules> =>
  fc
    .record({
      prices: fc.constantFrom('gross' as const, 'net' as const),
      first: taxPercent,
      second: taxPercent,
      reduced: taxPercent,
      promotions: promotions(currency_),
      by: fc.constantFrom('weight' as const, 'price' as const, 'pieces' as const),
      cost: fc.nat(2000),
      freeFrom: fc.constantFrom(null, 50_000),
      isExempt: fc.boolean(),
    })
    .map((given) =>
      theRules({
        taxZones: [aZone({ prices: given.prices })],
        taxRates: [
          aRate({ percent: given.first }),
          aRate({ id: 'county', name: 'County', percent: given.second }),
          aRate({ id: 'reduced', taxClass: 'reduced', percent: given.reduced }),
        ],
        taxExemptions: given.isExempt
          ? [{ id: 'e', version: 1, customerId: CUSTOMER, zone: null, reason: 'Diplomat', from: null, until: null }]
          : [],
        shippingMethods: [
          aMethod({
            currency: currency_,
            by: given.by,
            freeFrom: given.freeFrom,
            steps: [
              { upTo: 10, price: given.cost },
              { upTo: null, price: given.cost + 500 },
            ],
          }),
        ],
        promotions: given.promotions,
      }),
    );

const lines: fc.Arbitrary<CartLine[]> = fc.array(
  fc.record({ sku: fc.constantFrom(...SKUS), quantity: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constant(999)) }),
  { minLength: 1, maxLength: 8 },
);

const address: fc.Arbitrary<Place> = fc.constantFrom({ country: 'DE', postalCode: '10115' }, { country: 'US' });

/** Carts of any currency, under any rules: all of their lines can be bought. */
export const inputs: fc.Arbitrary<PriceInput> = currency.chain((each) =>
  fc.record({
    lines,
    address,
    products: products(each),
    rules: rules(each),
    coupon: fc.constantFrom(undefined, 'save'),
    shopper: fc.constant({ customerId: CUSTOMER, hasOrdered: false }),
    shippingMethod: fc.constant('parcel'),
    now: fc.constant(NOW),
  }),
);
