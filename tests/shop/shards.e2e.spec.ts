import { eventually } from '@stoa/testing';
import { oneOnEachShard } from '../support/each-shard.js';
import { expectStatus, get, newProduct, operatorToken } from '../support/shop.js';
import { processes } from '../support/stack.js';

describe('sharded data', () => {
  it('are on both shards, and a shard that dies takes only its own customers along, for a moment', async () => {
    const { skus } = await newProduct(await operatorToken());
    const [first, second] = await oneOnEachShard(skus[0] ?? '');

    const server = (await processes()).find(({ name }) => name === 'postgres-shard2');
    process.kill(server?.pid ?? 0, 'SIGKILL');
    for (let n = 0; n < 20; n++) {
      expectStatus(await get('/v1/cart', { token: first.token }), 200);
      expectStatus(await get('/v1/me', { token: first.token }), 200);
    }
    await eventually(async () => {
      const { body } = expectStatus(await get('/v1/cart', { token: second.token }), 200);
      expect(body.itemCount).toBe(1);
    });
  });
});
