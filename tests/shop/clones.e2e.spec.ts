import { randomUUID } from 'node:crypto';
import { eventually, mostlyWithin } from '@stoa/testing';
import { del, expectStatus, get, isStale, newCustomer, newProduct, operatorToken, put, send } from '../support/shop.js';
import { clonesOf, processes } from '../support/stack.js';

const gatewayUrls = async (): Promise<string[]> =>
  (await clonesOf('gateway')).map(({ port }) => `http://127.0.0.1:${port}`);

describe('clones are interchangeable', () => {
  it('spreads requests over the clones of the gateway and of the catalog', async () => {
    const gateways = new Set<string | null>();
    const catalogs = new Set<string | null>();
    await eventually(async () => {
      const { headers } = await get(`/v1/products?q=${randomUUID()}`);
      gateways.add(headers.get('stoa-gateway'));
      catalogs.add(headers.get('stoa-served-by'));
      expect([gateways.size, catalogs.size]).toEqual([2, 2]);
    });
    expect([...catalogs].toSorted()).toEqual(['catalog-1', 'catalog-2']);
  });

  // A stale response in place of one that can't be had is marked.
  it('never shows a price older than one second after its change was acknowledged, on any clone', async () => {
    const urls = await gatewayUrls();
    const operator = await operatorToken();
    const { handle, skus } = await newProduct(operator, [1000]);
    const [sku = ''] = skus;
    for (let amount = 1001; amount <= 1005; amount++) {
      for (const url of urls) expectStatus(await get(`/v1/products/${handle}`, { url }), 200);
      expectStatus(
        await put(`/v1/variants/${sku}/price`, { price: { amount, currency: 'USD' } }, { token: operator }),
        200,
      );
      const acknowledged = performance.now();
      const late = async (url: string): Promise<void> => {
        for (;;) {
          const asked = performance.now();
          const response = expectStatus(await send('GET', `/v1/products/${handle}`, undefined, { url }), 200);
          const shown = response.body.variants[0]?.price.amount;
          if (asked - acknowledged > 1000 && !isStale(response)) expect(shown).toBe(amount);
          if (shown === amount) return;
        }
      };
      await Promise.all(urls.map(late));
    }
  });

  it('refuses a signed-out session on every clone within two seconds', async () => {
    const urls = await gatewayUrls();
    await mostlyWithin({ rounds: 5, deadlineMs: 2_000 }, async (timed) => {
      const { token } = await newCustomer();
      for (const url of urls) expectStatus(await get('/v1/me', { url, token }), 200);
      expectStatus(await del('/v1/sessions/current', { url: urls[0] ?? '', token }), 204);
      await timed(async () => {
        for (const url of urls) await eventually(async () => expectStatus(await get('/v1/me', { url, token }), 401));
      });
    });
  });

  // The budget of a stack that was just started, 1.5 GB, is checked where the tour starts one.
  it('keeps the whole stack below 1.75 GB, whatever was shopped in it', async () => {
    const sizes = (await processes()).map(({ pssBytes }) => pssBytes ?? 0);
    expect(Math.min(...sizes)).toBeGreaterThan(0);
    expect(sizes.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(1.75 * 1024 ** 3);
  });
});
