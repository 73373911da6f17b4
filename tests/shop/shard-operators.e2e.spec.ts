import { del, expectStatus, get, newCustomer, operatorToken, post, type ShopResponse } from '../support/shop.js';
import { stoa } from '../support/stack.js';

const json = (response: ShopResponse): Record<string, unknown> => response.body as unknown as Record<string, unknown>;

describe("operators' work on shards", () => {
  it('is for operators only', async () => {
    const { token } = await newCustomer();
    expectStatus(await get('/v1/shards'), 401);
    expectStatus(await get('/v1/shards', { token }), 403);
    expectStatus(await post('/v1/shards/rebalances', {}, { token }), 403);
  });

  it('shows shards and finds customers, over the gateway and by command alike', async () => {
    const token = await operatorToken();
    const cluster = json(expectStatus(await get('/v1/shards', { token }), 200));
    expect(cluster).toMatchObject({
      keyspaces: expect.arrayContaining([expect.objectContaining({ keyspace: 'cart' })]),
    });
    const shown = JSON.parse((await stoa('shards', 'status', '--json')).stdout) as {
      shards: { shard: string; at: string }[];
    };
    const placesOf = (shards: unknown): string[] =>
      (shards as { shard: string; at: string }[]).map(({ shard, at }) => `${shard} ${at}`);
    expect(placesOf(shown.shards)).toEqual(placesOf(cluster['shards']));
    expect(JSON.stringify([cluster, shown])).not.toContain('postgres://');

    const { token: own, email } = await newCustomer();
    const served = expectStatus(await get('/v1/me', { token: own }), 200).headers.get('stoa-served-by') ?? '';
    const found = json(
      expectStatus(await get(`/v1/shards/where?customer=${encodeURIComponent(email)}`, { token }), 200),
    );
    const profile = (found['places'] as { keyspace: string; shard: string }[]).find(
      ({ keyspace }) => keyspace === 'profile',
    );
    expect(served).toMatch(new RegExp(`@${profile?.shard}$`));
    expect(JSON.parse((await stoa('shards', 'where', email, '--json')).stdout)).toEqual(found);
  });

  it('is refused with a reason where it makes no sense', async () => {
    const token = await operatorToken();
    const unknown = expectStatus(await post('/v1/shards/shard99/drain', {}, { token }), 409);
    expect(json(unknown)).toMatchObject({
      code: 'REFUSED',
      detail: expect.stringContaining('There is no shard shard99'),
    });
    expect(json(expectStatus(await del('/v1/shards/shard1', { token }), 409))['detail']).toContain('drain it first');
    expectStatus(await get('/v1/shards/moves/01900000-0000-7000-8000-000000000000', { token }), 404);
    expectStatus(await get('/v1/shards/where?customer=nobody', { token }), 404);
    expectStatus(
      await post('/v1/shards/moves', { keyspace: 'cart', buckets: [4096], from: 'shard1', to: 'shard2' }, { token }),
      400,
    );
  });
});
