import { newId } from '@stoa/messaging';
import { ManyOrders, type Saved } from '../../../test/many-orders.js';

const HOUR = 3_600_000;
const FIRST = Date.parse('2026-03-01T00:00:00Z');
const STATUSES = ['placed', 'completed', 'cancelled', 'placing'] as const;
const customers = Array.from({ length: 10 }, newId);

/** The n-th of many orders: two in each two hours, made at the same moment. */
const anOrder = (n: number): Omit<Saved, 'number'> => ({
  orderId: newId(),
  customerId: customers[n % customers.length]!,
  status: STATUSES[n % 5] ?? 'placed',
  currency: n % 3 === 0 ? 'JPY' : 'EUR',
  total: n % 7 === 0 ? Number.MAX_SAFE_INTEGER : 1000 + n,
  createdAt: new Date(FIRST + Math.floor(n / 2) * 2 * HOUR),
  lines: [
    { sku: `SKU-${n % 4}`, title: `The ${n % 4}`, quantity: (n % 3) + 1 },
    { sku: 'SKU-0', title: 'The 0', quantity: 1 },
  ],
});

describe("operators' queries over all orders", () => {
  let many: ManyOrders;
  const orders: Saved[] = [];

  beforeAll(async () => {
    many = await ManyOrders.start(3);
    for (let n = 0; n < 60; n += 1) orders.push(await many.save(anOrder(n), n));
  });
  afterAll(() => many.stop());

  const inOrder = (list: readonly Saved[]): string[] =>
    list
      .toSorted((a, b) => Number(a.createdAt) - Number(b.createdAt) || (a.orderId < b.orderId ? -1 : 1))
      .map(({ orderId }) => orderId);
  const idsOf = ({ items }: { readonly items: readonly { readonly orderId: string }[] }): string[] =>
    items.map(({ orderId }) => orderId);
  const bought = (): Saved[] => orders.filter(({ status }) => status === 'placed' || status === 'completed');

  it('list all orders page by page, forwards and back', async () => {
    const wanted = inOrder(orders).toReversed();
    const seen: string[][] = [];
    let cursor: string | undefined;
    do {
      const page = await many.list({ limit: 7, ...(cursor !== undefined && { cursor }) });
      seen.push(idsOf(page));
      cursor = page.next ?? undefined;
      if (cursor === undefined) {
        const back = await many.list({ limit: 7, cursor: page.previous! });
        expect(idsOf(back)).toEqual(seen.at(-2));
      }
    } while (cursor !== undefined);
    expect(seen.flat()).toEqual(wanted);
  });

  it('list those of a state, a customer, a time', async () => {
    const placing = orders.filter(({ status }) => status === 'placing');
    expect(idsOf(await many.list({ status: 'placing', order: 'asc', limit: 100 }))).toEqual(inOrder(placing));
    const [customerId] = customers;
    const theirs = orders.filter((order) => order.customerId === customerId);
    expect(idsOf(await many.list({ customerId: customerId!, order: 'asc' }))).toEqual(inOrder(theirs));
    const [from, until] = [new Date(FIRST + 8 * HOUR), new Date(FIRST + 16 * HOUR)];
    const between = orders.filter(({ createdAt }) => createdAt >= from && createdAt < until);
    const period = { from: from.toISOString(), until: until.toISOString() };
    expect(idsOf(await many.list({ ...period, order: 'asc' }))).toEqual(inOrder(between));
    expect(between).toHaveLength(8);
    expect(idsOf(await many.list({ paymentStatus: 'captured' }))).toEqual([]);
  });

  it('find an order by its number, as somebody says it, and none by a wrong one', async () => {
    const { number, orderId, status } = orders[17]!;
    expect(idsOf(await many.list({ number: number.toLowerCase().replaceAll('-', ' ') }))).toEqual([orderId]);
    const other = status === 'placing' ? 'placed' : 'placing';
    expect(idsOf(await many.list({ number, status: other }))).toEqual([]);
    expect(idsOf(await many.list({ number: 'ABC' }))).toEqual([]);
  });

  it('sum up each day by currency, exactly, without what was cancelled or not bought', async () => {
    const wanted = new Map<string, { orders: number; amount: bigint }>();
    for (const { createdAt, currency, total } of bought()) {
      const key = `${createdAt.toISOString().slice(0, 10)} ${currency}`;
      const { orders: count, amount } = wanted.get(key) ?? { orders: 0, amount: 0n };
      wanted.set(key, { orders: count + 1, amount: amount + BigInt(total) });
    }
    const { items } = await many.sales('2026-03-01', '2026-03-03');
    expect(items.map(({ day, currency, ...sums }) => [`${day} ${currency}`, sums])).toEqual(
      [...wanted]
        .map(([key, { orders: count, amount }]) => [key, { orders: count, amount: String(amount) }] as const)
        .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    );
    expect((await many.sales('2026-03-02', '2026-03-02')).items.every(({ day }) => day === '2026-03-02')).toBe(true);
    expect((await many.sales('2027-03-02', '2027-03-02')).items).toEqual([]);
  });

  it('name what was sold most, over all shards', async () => {
    const wanted = new Map<string, { quantity: number; orders: Set<string> }>();
    for (const { orderId, lines } of bought()) {
      for (const { sku, quantity } of lines) {
        const known = wanted.get(sku) ?? { quantity: 0, orders: new Set() };
        wanted.set(sku, { quantity: known.quantity + quantity, orders: known.orders.add(orderId) });
      }
    }
    const sorted = [...wanted]
      .map(([sku, each]) => ({ sku, title: `The ${sku.slice(-1)}`, quantity: each.quantity, orders: each.orders.size }))
      .toSorted((a, b) => b.quantity - a.quantity || (a.sku < b.sku ? -1 : 1));
    expect((await many.topSold('2026-03-01', '2026-03-31', 3)).items).toEqual(sorted.slice(0, 3));
    expect((await many.topSold('2026-03-01', '2026-03-31', 100)).items).toEqual(sorted);
  });

  it('refuse a period that is none, or too long', async () => {
    await expect(many.sales('2026-03-02', '2026-03-01')).rejects.toMatchObject({ code: 'BAD_PERIOD' });
    await expect(many.topSold('2026-01-01', '2027-01-03', 5)).rejects.toMatchObject({ code: 'BAD_PERIOD' });
  });
});
