import { addItem, expectStatus, get, newCustomer } from './shop.js';

export interface Customer {
  readonly token: string;
  readonly shard: string;
}

/** Signs customers up until each of the two shards has one, with an item in the cart. @returns shard1's, shard2's */
export async function oneOnEachShard(sku: string): Promise<[Customer, Customer]> {
  const found = new Map<string, Customer>();
  for (let n = 0; ; n++) {
    if (n > 40) throw new Error(`40 customers are all on ${[...found.keys()].join()}`);
    const { token } = await newCustomer();
    const shard = shardOf(expectStatus(await get('/v1/me', { token }), 200).headers, 'profile');
    // Profile and cart have the same sharding key: where nothing was moved, a customer's data are on the same server.
    const { headers } = await addItem(sku, 1, token);
    expect(shardOf(headers, 'cart')).toBe(shard);
    found.set(shard, { token, shard });
    const [first, second] = [found.get('shard1'), found.get('shard2')];
    if (first && second) return [first, second];
  }
}

const shardOf = (headers: Headers, app: string): string => {
  const [clone = '', shard = ''] = (headers.get('stoa-served-by') ?? '').split('@');
  expect(clone).toMatch(new RegExp(`^${app}-\\d$`));
  return shard;
};
