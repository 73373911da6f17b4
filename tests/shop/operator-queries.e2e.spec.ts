import { randomUUID } from 'node:crypto';
import {
  addItem,
  expectStatus,
  get,
  newCustomer,
  newGuest,
  newProduct,
  operatorToken,
  PASSWORD,
  post,
} from '../support/shop.js';

interface Customer {
  readonly email: string;
  readonly displayName: string;
}

interface Page {
  readonly items: readonly Customer[];
  readonly next: string | null;
  readonly previous: string | null;
}

describe('what operators ask of all customers and carts', () => {
  let operator: string;
  beforeAll(async () => {
    operator = await operatorToken();
  });

  const pageOf = async (query: string): Promise<Page> =>
    JSON.parse(expectStatus(await get(`/v1/customers?${query}`, { token: operator }), 200).text) as Page;
  const figures = async <Figures>(path: string): Promise<Figures> =>
    JSON.parse(expectStatus(await get(path, { token: operator }), 200).text) as Figures;

  it('is for operators only', async () => {
    const { token } = await newCustomer();
    for (const path of [
      '/v1/customers',
      '/v1/customers/statistics',
      '/v1/carts/statistics',
      '/v1/carts/top-products',
    ]) {
      expectStatus(await get(path), 401);
      expectStatus(await get(path, { token }), 403);
    }
  });

  it('finds those who registered, wherever they live: by time, by name and by address, there and back', async () => {
    const word = `Zz${randomUUID().slice(0, 8)}`;
    const emails: string[] = [];
    for (let n = 0; n < 7; n += 1) {
      const email = `${word}-${n}@example.com`.toLowerCase();
      const response = await post('/v1/customers', { email, password: PASSWORD, displayName: `${word} ${n}` });
      expectStatus(response, 201);
      emails.push(email);
    }
    // Other tests register meanwhile.
    const newest = (await pageOf('limit=100')).items
      .map(({ email }) => email)
      .filter((email) => emails.includes(email));
    expect(newest).toEqual(emails.toReversed());
    for (const sort of ['name', 'email']) {
      const query = `sort=${sort}&prefix=${word.toUpperCase()}&limit=4`;
      const first = await pageOf(query);
      expect(first.items.map(({ email }) => email)).toEqual(emails.slice(0, 4));
      const second = await pageOf(`${query}&cursor=${first.next}`);
      expect(second).toMatchObject({ items: emails.slice(4).map((email) => ({ email })), next: null });
      expect(await pageOf(`${query}&cursor=${second.previous}`)).toMatchObject({ items: first.items, previous: null });
    }
  });

  it('refuses what it can not answer, in words', async () => {
    const wrong = ['prefix=a', 'sort=shoe', 'limit=101', 'cursor=nonsense', 'from=2026-11-24T00:00:00Z&sort=name'];
    for (const query of wrong) {
      const { body } = expectStatus(await get(`/v1/customers?${query}`, { token: operator }), 400);
      expect(body.code).toBe('INVALID_INPUT');
      expect(body.errors).toHaveLength(1);
    }
    const since = '/v1/carts/abandoned?since=2026-11-24T00:30:00Z';
    expect(expectStatus(await get(since, { token: operator }), 400).body.errors[0]?.pointer).toBe('/since');
  });

  it('counts sign-ups and carts', async () => {
    interface Customers {
      readonly customers: number;
      readonly signUps: readonly { readonly customers: number }[];
    }
    interface Carts {
      readonly open: number;
      readonly items: number;
      readonly values: readonly { readonly currency: string; readonly amount: string }[];
    }
    const inDollars = ({ values }: Carts): bigint =>
      BigInt(values.find(({ currency }) => currency === 'USD')?.amount ?? 0);
    const { skus } = await newProduct(operator, [1234]);
    const before = {
      customers: await figures<Customers>('/v1/customers/statistics'),
      carts: await figures<Carts>('/v1/carts/statistics'),
    };
    await newCustomer();
    await addItem(skus[0] ?? '', 3, await newGuest());
    const customers = await figures<Customers>('/v1/customers/statistics');
    // Other tests register and shop meanwhile.
    expect(customers.customers).toBeGreaterThan(before.customers.customers);
    expect(customers.signUps).toHaveLength(30);
    const carts = await figures<Carts>('/v1/carts/statistics');
    expect(carts.open).toBeGreaterThan(before.carts.open);
    expect(inDollars(carts) - inDollars(before.carts)).toBeGreaterThanOrEqual(3n * 1234n);
  });

  it('reports what carts hold most, and which were left', async () => {
    interface List<Item> {
      readonly items: readonly Item[];
    }
    const { skus, handle } = await newProduct(operator, [100]);
    const [sku = ''] = skus;
    await addItem(sku, 90, await newGuest());
    const top = await figures<List<{ sku: string; product: string; quantity: number; carts: number }>>(
      '/v1/carts/top-products?limit=100',
    );
    expect(top.items.find((item) => item.sku === sku)).toMatchObject({ product: handle, quantity: 90, carts: 1 });
    const nextHour = new Date(Math.ceil(Date.now() / 3_600_000 + 0.01) * 3_600_000).toISOString();
    const left = await figures<List<{ itemCount: number }>>(`/v1/carts/abandoned?since=${nextHour}&limit=100`);
    expect(left.items.map(({ itemCount }) => itemCount)).toContain(90);
    const longAgo = await figures<List<object>>('/v1/carts/abandoned?since=2026-01-01T00:00:00Z');
    expect(longAgo.items).toEqual([]);
  });
});
