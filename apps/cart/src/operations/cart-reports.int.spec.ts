import * as fc from 'fast-check';
import { newId } from '@stoa/messaging';
import { bucketOf } from '@stoa/sharding/testing';
import { untilAvailable } from '@stoa/testing';
import { aCart, aProduct, lines as someLines, productsOf, products as someProducts } from '../../test/arbitraries.js';
import { ManyCarts, type AbandonedOutput, type Saved } from '../../test/many-carts.js';
import type { Line, Products } from '../domain/cart.js';
import { priceCart } from '../domain/pricing.js';

const HOUR = 3_600_000;
const FIRST = Date.parse('2026-03-01T00:00:00Z');
/** So dear that a cart of all of them has no exact total: the last lines do not count. */
const DEAR = Array.from({ length: 12 }, (_, n) =>
  aProduct(`DEAR-${n}`, { price: { amount: 999_999_999_999, currency: 'JPY' } }),
);

/** Carts of all kinds, the same in each run; the SKUs' order in a cart decides on its currency. */
function makeCarts(): Saved[] {
  const carts = fc.sample(someLines(), { numRuns: 80, seed: 7 }).map((lines, n) => {
    const updatedAt = new Date(FIRST + n * 0.4 * HOUR);
    return { ...aCart(lines), customerId: newId(), version: 1, updatedAt };
  });
  const dear = DEAR.map(({ sku }): Line => ({ sku, quantity: 999 }));
  const more = [
    { lines: dear, status: 'open' },
    { lines: dear.toReversed(), status: 'open' },
    { lines: [{ sku: 'SKU-0', quantity: 5 }], status: 'closed' },
    { lines: [], status: 'open' },
  ] as const;
  const updatedAt = new Date(FIRST + 10 * HOUR);
  return [
    ...carts,
    ...more.map((cart) => ({ ...aCart(cart.lines), ...cart, customerId: newId(), version: 1, updatedAt })),
  ];
}

const isOpen = ({ status, lines }: Saved): boolean => status === 'open' && lines.length > 0;
const hourOf = ({ updatedAt }: { readonly updatedAt: Date | string }): number =>
  Math.floor(Number(new Date(updatedAt)) / HOUR);

describe('what operators ask of all carts', () => {
  let many: ManyCarts;
  let carts: Saved[];
  let products: Products;

  beforeAll(async () => {
    many = await ManyCarts.start(3);
    const [some = productsOf()] = fc.sample(someProducts, { numRuns: 1, seed: 11 });
    products = new Map([...some, ...productsOf(...DEAR)]);
    await many.sell([...products.values()]);
    carts = makeCarts();
    for (const cart of carts) await many.save(cart);
  });
  afterAll(() => many.stop());

  /** The same, cart by cart, by the rule that prices a cart for its owner. */
  function expectedValues() {
    const values = new Map<string, { carts: number; amount: bigint }>();
    for (const { total } of carts.filter(isOpen).map((cart) => priceCart(cart, products))) {
      if (!total) continue;
      const { carts: count, amount } = values.get(total.currency) ?? { carts: 0, amount: 0n };
      values.set(total.currency, { carts: count + 1, amount: amount + BigInt(total.amount) });
    }
    return [...values]
      .map(([currency, value]) => ({ currency, carts: value.carts, amount: String(value.amount) }))
      .toSorted((a, b) => (a.currency < b.currency ? -1 : 1));
  }

  const expectedAbandoned = (before: number, order: 'asc' | 'desc'): string[] => {
    const ids = carts
      .filter((cart) => isOpen(cart) && cart.updatedAt.getTime() < before)
      .toSorted((a, b) => hourOf(a) - hourOf(b) || (a.customerId < b.customerId ? -1 : 1))
      .map(({ customerId }) => customerId);
    return order === 'asc' ? ids : ids.toReversed();
  };
  const idsOf = (items: AbandonedOutput['items']): string[] => items.map(({ customerId }) => customerId);

  it('counts them and sums up what they are worth, priced as their owners see them', async () => {
    const values = expectedValues();
    expect(values.length).toBeGreaterThan(2);
    expect(values.find(({ currency }) => currency === 'JPY')?.amount).toMatch(/^\d{17}$/);
    expect(await many.statistics()).toEqual({
      open: carts.filter(isOpen).length,
      empty: carts.filter(({ status, lines }) => status === 'open' && lines.length === 0).length,
      closed: 1,
      items: carts.filter(isOpen).reduce((sum, cart) => sum + priceCart(cart, products).itemCount, 0),
      values,
    });
  });

  it('lists abandoned carts there and back, whole hours at a time', async () => {
    const since = '2026-03-01T12:00:00Z';
    for (const order of ['asc', 'desc'] as const) {
      const { there, back } = await many.walk({ since, order, limit: 7 });
      expect(back).toEqual(there);
      expect(idsOf(there)).toEqual(expectedAbandoned(Date.parse(since), order));
    }
    expect((await many.abandoned({ since: '2026-03-01T00:00:00Z' })).items).toEqual([]);
  });

  it('says of an abandoned cart what its owner would see', async () => {
    const { there } = await many.walk({ since: '2027-01-01T00:00:00Z', limit: 100 });
    expect(there).toHaveLength(carts.filter(isOpen).length);
    for (const item of there) {
      const cart = carts.find(({ customerId }) => customerId === item.customerId);
      const { lines, itemCount, total } = priceCart(cart ?? aCart([]), products);
      expect(item).toMatchObject({ lines: lines.length, itemCount, total, updatedAt: cart?.updatedAt.toISOString() });
    }
  });

  it('forgets that a cart is abandoned when its owner comes back, or empties it', async () => {
    const [back, emptied] = carts.filter(
      (cart) => isOpen(cart) && hourOf(cart) < hourOf({ updatedAt: new Date(FIRST) }) + 5,
    );
    if (!back || !emptied) throw new Error('there is nobody to come back');
    const updatedAt = new Date('2026-03-04T18:30:00Z');
    const changed = [
      { ...back, version: 2, updatedAt },
      { ...emptied, version: 2, updatedAt, lines: [] },
    ];
    for (const cart of changed) {
      await many.save(cart);
      carts = carts.map((one) => (one.customerId === cart.customerId ? cart : one));
    }
    for (const since of ['2026-03-04T18:00:00Z', '2026-03-04T19:00:00Z']) {
      const { there } = await many.walk({ since, order: 'asc', limit: 50 });
      expect(idsOf(there)).toEqual(expectedAbandoned(Date.parse(since), 'asc'));
    }
  });

  it.each([{ since: '2026-03-01T12:30:00Z' }, { since: 'yesterday' }, {}])(
    'takes whole hours only: %p',
    async (input) => {
      await expect(many.abandoned(input)).rejects.toThrow('since');
    },
  );

  it('finds the products of which carts hold most', async () => {
    const demand = new Map<string, { quantity: number; carts: number }>();
    for (const { sku, quantity } of carts.filter(isOpen).flatMap(({ lines }) => lines)) {
      const before = demand.get(sku) ?? { quantity: 0, carts: 0 };
      demand.set(sku, { quantity: before.quantity + quantity, carts: before.carts + 1 });
    }
    const expected = [...demand]
      .map(([sku, sums]) => {
        const known = products.get(sku);
        return { sku, product: known?.sold ? known.handle : null, title: known?.title ?? sku, ...sums };
      })
      .toSorted((a, b) => b.quantity - a.quantity || (a.sku < b.sku ? -1 : 1));
    expect((await many.topProducts(100)).items).toEqual(expected);
    expect((await many.topProducts(3)).items).toEqual(expected.slice(0, 3));
  });

  it('never misses nor doubles a cart while buckets move', async () => {
    const buckets = [...new Set(carts.map(({ customerId }) => bucketOf(customerId)))].filter((bucket) => bucket < 341);
    const [statistics, top] = [await many.statistics(), await many.topProducts(100)];
    const moved = new AbortController();
    let rounds = 0;
    const areEnough = (): boolean => rounds > 2;
    const moves = (async () => {
      await many.move('shard1', 'shard2', buckets);
      await many.move('shard2', 'shard3', buckets);
      // Rounds may be slow, or moves quick: on it goes until there were some beside them.
      for (let from = 'shard3', to = 'shard1'; !areEnough(); [from, to] = [to, from])
        await many.move(from, to, buckets);
    })().finally(() => moved.abort());
    while (!moved.signal.aborted) {
      expect(await untilAvailable(() => many.statistics())).toEqual(statistics);
      expect(await untilAvailable(() => many.topProducts(100))).toEqual(top);
      const all = { since: '2027-01-01T00:00:00Z', order: 'asc', limit: 20 } as const;
      const { there } = await untilAvailable(() => many.walk(all));
      expect(idsOf(there)).toEqual(expectedAbandoned(Date.parse('2027-01-01T00:00:00Z'), 'asc'));
      rounds += 1;
    }
    await moves;
    expect(rounds).toBeGreaterThan(2);
  });
});
