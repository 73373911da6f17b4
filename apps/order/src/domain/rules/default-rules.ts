import type { Area, Promotion, ShippingMethod, ShopRules } from '@stoa/order-contract';

const always = { from: null, until: null } as const;
const everything = { products: [], skus: [], categories: [], tags: [] };
const US: Area[] = [{ country: 'US' }];

const method = (given: Pick<ShippingMethod, 'id' | 'name' | 'description' | 'steps'> & Partial<ShippingMethod>) => ({
  version: 1,
  kind: 'delivery' as const,
  zone: 'united-states',
  currency: 'USD',
  by: 'weight' as const,
  freeFrom: null,
  taxClass: 'standard',
  active: true,
  ...given,
});

const welcome: Promotion = {
  id: 'welcome',
  version: 1,
  name: 'Welcome: 10 % off your first order',
  code: 'WELCOME10',
  effect: { kind: 'percent', percent: '10' },
  on: everything,
  minimum: { amount: null, pieces: null },
  ...always,
  firstOrder: true,
  limit: null,
  limitPerCustomer: 1,
  combines: true,
  priority: 100,
  active: true,
};

/**
 * The rules as the shop comes, in the sample catalog's dollars: enough to sell at once, and an example of each kind.
 * They hold until an operator changes something; what is changed then is a copy of them.
 */
export const DEFAULT_RULES: ShopRules = {
  id: 'rules',
  version: 0,
  settings: {
    currency: 'USD',
    country: 'US',
    region: 'NY',
    postalCode: '10001',
    seller: ['Stoa sample shop', '1 Colonnade Square', 'New York, NY 10001', 'United States'],
    taxNumber: '',
    invoiceSeries: 'INV',
    creditNoteSeries: 'CN',
  },
  taxZones: [
    { id: 'new-york', version: 1, name: 'New York', areas: [{ country: 'US', region: 'NY' }], prices: 'net' },
    { id: 'germany', version: 1, name: 'Germany', areas: [{ country: 'DE' }], prices: 'gross' },
  ],
  taxRates: [
    {
      id: 'ny-sales',
      version: 1,
      zone: 'new-york',
      taxClass: 'standard',
      name: 'State sales tax',
      percent: '4',
      ...always,
    },
    { id: 'de-vat', version: 1, zone: 'germany', taxClass: 'standard', name: 'VAT', percent: '19', ...always },
    { id: 'de-vat-reduced', version: 1, zone: 'germany', taxClass: 'reduced', name: 'VAT', percent: '7', ...always },
  ],
  taxExemptions: [],
  shippingZones: [
    { id: 'united-states', version: 1, name: 'United States', areas: US },
    { id: 'world', version: 1, name: 'All other countries', areas: [{ country: '*' }] },
  ],
  shippingMethods: [
    method({
      id: 'standard',
      name: 'Standard',
      description: '3 to 5 days',
      steps: [
        { upTo: 1000, price: 490 },
        { upTo: 5000, price: 890 },
        { upTo: null, price: 1990 },
      ],
      freeFrom: 10_000,
    }),
    method({ id: 'express', name: 'Express', description: 'The next day', steps: [{ upTo: 10_000, price: 1990 }] }),
    method({
      id: 'international',
      name: 'International',
      description: '1 to 3 weeks',
      zone: 'world',
      steps: [
        { upTo: 1000, price: 1990 },
        { upTo: 20_000, price: 4990 },
      ],
    }),
    method({
      id: 'pickup',
      name: 'Pick up in the shop',
      description: '1 Colonnade Square, New York',
      kind: 'pickup',
      zone: null,
      steps: [{ upTo: null, price: 0 }],
    }),
  ],
  promotions: [welcome],
};
