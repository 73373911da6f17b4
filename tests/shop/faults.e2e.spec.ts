import { randomUUID } from 'node:crypto';
import { eventually } from '@stoa/testing';
import { addItem, expectStatus, get, newCustomer, newProduct, operatorToken, post, send } from '../support/shop.js';
import { clonesOf } from '../support/stack.js';

const only = async (app: string): Promise<number> => {
  const [clone] = await clonesOf(app);
  if (!clone) throw new Error(`no clone of ${app} runs`);
  return clone.pid;
};

describe('a process that dies takes nothing acknowledged with it', () => {
  it('answers every read while a clone of the gateway is killed', async () => {
    const statuses: number[] = [];
    const stop = new AbortController();
    const reader = async (): Promise<void> => {
      while (!stop.signal.aborted) statuses.push((await send('GET', '/v1/products?limit=1')).status);
    };
    const readers = [reader(), reader(), reader(), reader()];
    const victim = await only('gateway');
    process.kill(victim, 'SIGKILL');
    await eventually(async () => {
      const pids = (await clonesOf('gateway')).map(({ pid }) => pid);
      expect(pids).toHaveLength(2);
      expect(pids).not.toContain(victim);
    });
    stop.abort();
    await Promise.all(readers);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
  });

  it('keeps every acknowledged cart write exactly once when the cart service is killed in the middle', async () => {
    const { skus } = await newProduct(await operatorToken());
    const [sku = ''] = skus;
    const { token } = await newCustomer();
    await addItem(sku, 1, token);
    const writer = async (): Promise<void> => {
      const headers = { 'idempotency-key': randomUUID() };
      // A good client's retry: the same key until the outcome is known.
      await eventually(async () =>
        expectStatus(await post('/v1/cart/items', { sku, quantity: 1 }, { token, headers }), 201),
      );
    };
    const writers = Array.from({ length: 20 }, async (_, n) => {
      await writer();
      if (n === 3) process.kill(await only('cart'), 'SIGKILL');
      await writer();
    });
    await Promise.all(writers);
    expect(expectStatus(await get('/v1/cart', { token }), 200).body.itemCount).toBe(41);
  });
});
