import { eventually } from '@stoa/testing';
import { addItem, expectStatus, get, newCustomer, newProduct, operatorToken } from '../support/shop.js';
import { processes } from '../support/stack.js';

interface Customer {
  readonly token: string;
  readonly shard: string;
}

/** Signs customers up until each of the two shards has one. */
async function oneOnEachShard(sku: string): Promise<Customer[]> {
  const found = new Map<string, Customer>();
  for (let n = 0; found.size < 2; n++) {
    if (n > 40) throw new Error(`40 customers are all on ${[...found.keys()].join()}`);
    const { token } = await newCustomer();
    const shard = shardOf(expectStatus(await get('/v1/me', { token }), 200).headers, 'profile');
    // Profile and cart have the same sharding key: where nothing was moved, a customer's data are on the same server.
    const { headers } = await addItem(sku, 1, token);
    expect(shardOf(headers, 'cart')).toBe(shard);
    found.set(shard, { token, shard });
  }
  return [...found.values()].toSorted((a, b) => a.shard.localeCompare(b.shard));
}

const shardOf = (headers: Headers, app: string): string => {
  const [clone = '', shard = ''] = (headers.get('stoa-served-by') ?? '').split('@');
  expect(clone).toMatch(new RegExp(`^${app}-\\d$`));
  return shard;
};

describe('sharded data', () => {
  it('are on both shards, and a shard that dies takes only its own customers along, for a moment', async () => {
    const { skus } = await newProduct(await operatorToken());
    const [first, second] = await oneOnEachShard(skus[0] ?? '');
    expect([first?.shard, second?.shard]).toEqual(['shard1', 'shard2']);

    const server = (await processes()).find(({ name }) => name === 'postgres-shard2');
    process.kill(server?.pid ?? 0, 'SIGKILL');
    for (let n = 0; n < 20; n++) {
      expectStatus(await get('/v1/cart', { token: first?.token }), 200);
      expectStatus(await get('/v1/me', { token: first?.token }), 200);
    }
    await eventually(
      async () => {
        const { body } = expectStatus(await get('/v1/cart', { token: second?.token }), 200);
        expect(body.itemCount).toBe(1);
      },
      { timeoutMs: 30_000 },
    );
  }, 60_000);
});
