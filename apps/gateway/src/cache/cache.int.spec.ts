import { eventually, withinDeadline } from '@stoa/testing';
import { TcpProxy } from '../../test/tcp-proxy.js';
import { TestShop, type GatewayClone } from '../../test/gateways.js';
import type { ThingsService } from '../../test/things-service.js';

describe('the cache', () => {
  let shop: TestShop;
  let service: ThingsService;
  let gateway: GatewayClone;
  let withoutEvents: GatewayClone;
  /** Responses stay fresh for a minute in these. */
  let lasting: [GatewayClone, GatewayClone];
  let token: string;

  beforeAll(async () => {
    shop = await TestShop.open();
    service = await shop.things.start();
    const minute = { CACHE_MAX_AGE_MS: '60000' };
    [gateway, withoutEvents] = await Promise.all([shop.gateway(), shop.gateway({ CACHE_EVENTS: 'off' })]);
    lasting = await Promise.all([shop.gateway(minute), shop.gateway(minute)]);
    token = (await shop.signIn(gateway, 'operator')).token;
  });
  afterAll(async () => {
    await service?.stop();
    await shop?.close();
  });

  const get = (id: string, from = gateway) => from.request(`GET /v1/things/${id}`);
  const set = async (id: string, text: string, quiet = false) => {
    const { status, text: said } = await gateway.request(`PUT /v1/things/${id}`, { token, body: { text, quiet } });
    if (status !== 200) throw new Error(said);
  };
  const queries = (id: string): number => shop.things.state.queries.filter((query) => query === id).length;
  let shared = 0;
  /**
   * A new thing whose response one clone has put into Redis. Another each time: while Redis doesn't reply, clones do
   * without it.
   */
  const inRedis = (by: GatewayClone): Promise<string> =>
    eventually(async () => {
      const id = `shared-${++shared}`;
      shop.things.state.set(id, 'a thing');
      await get(id, by);
      expect((await get(id, lasting[1])).headers.get('cache-status')).toBe('Stoa; hit');
      expect(queries(id)).toBe(1);
      return id;
    });

  it('serves from memory, from Redis on another clone, and queries the service once for many', async () => {
    shop.things.state.set('mug', 'a mug');
    const replies = await Promise.all(Array.from({ length: 50 }, () => get('mug', lasting[0])));
    expect(new Set(replies.map(({ text }) => text)).size).toBe(1);
    expect(queries('mug')).toBe(1);
    const memory = await get('mug', lasting[0]);
    expect(memory.headers.get('cache-status')).toBe('Stoa; hit');
    expect(memory.headers.get('age')).toBeNull();
    expect(queries('mug')).toBe(1);
    await inRedis(lasting[0]);
  });

  it('serves nothing older than a second after a change was acknowledged, on any clone, without any event', async () => {
    for (let round = 0; round < 5; round++) {
      await set('jug', `before ${round}`, true);
      await eventually(async () => expect((await get('jug', withoutEvents)).json['text']).toBe(`before ${round}`));
      await set('jug', `after ${round}`, true);
      const acknowledged = performance.now();
      for (;;) {
        const sent = performance.now();
        const [near, far] = await Promise.all([get('jug'), get('jug', withoutEvents)]);
        // Without a reply for two seconds a stale response is served, and marked.
        const isStale = [near, far].some(({ headers }) => headers.get('cache-status')?.includes('detail=stale'));
        if (sent - acknowledged < 1_000 || isStale) continue;
        expect([near.json['text'], far.json['text']]).toEqual([`after ${round}`, `after ${round}`]);
        break;
      }
    }
  });

  it('drops a response before its time when an event reports a change', async () => {
    const [withEvents] = lasting;
    // Without events each of these responses would stay for a minute.
    for (let round = 0; round < 5; round++) {
      await set('cup', `change ${round}`);
      const changed = async () => expect((await get('cup', withEvents)).json['text']).toBe(`change ${round}`);
      await eventually(changed, { timeoutMs: 20_000 });
    }
  });

  it('forgets what is not there any more', async () => {
    shop.things.state.set('vase', 'a vase');
    expect((await get('vase')).status).toBe(200);
    shop.things.state.things.delete('vase');
    await eventually(async () => expect((await get('vase')).status).toBe(404));
    await eventually(async () => expect((await get('vase', withoutEvents)).status).toBe(404));
  });

  it('keeps nothing that is personal', async () => {
    const { headers } = await gateway.request('GET /v1/notes', { token });
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('cache-status')).toBeNull();
  });

  it('serves stale responses, marked as such, while the service is unavailable, and at once', async () => {
    shop.things.state.set('urn', 'an urn');
    const pot = await inRedis(gateway);
    await get('urn');
    await service.stop();
    const stale = await eventually(async () => {
      const reply = await get('urn');
      expect(reply.headers.get('cache-status')).toMatch(/^Stoa; hit; ttl=-\d+; detail=stale$/);
      return reply;
    });
    expect(stale).toMatchObject({ status: 200, json: { text: 'an urn' } });
    expect(Number(stale.headers.get('age'))).toBeGreaterThanOrEqual(1);
    // Of another thing, and on another clone that has to get it from Redis: the service is known to be unavailable, or
    // that is found out in two seconds.
    const atOnce = async (from: GatewayClone): Promise<void> => {
      const reply = await withinDeadline(5_000, () => get(pot, from));
      expect(reply.headers.get('cache-status')).toContain('detail=stale');
    };
    await atOnce(gateway);
    await eventually(() => atOnce(withoutEvents));
    expect((await get('never-seen')).status).toBe(503);
    service = await shop.things.start();
    await eventually(async () => expect((await get('urn')).headers.get('cache-status')).not.toContain('stale'));
  });

  it('works without Redis, whether it is down or silent', async () => {
    const proxy = await TcpProxy.open(shop.redisUrl);
    const alone = await shop.gateway({ REDIS_URL: proxy.url });
    try {
      for (const disturb of [() => proxy.cut(), () => proxy.silence()]) {
        proxy.restore();
        shop.things.state.set('bowl', 'a bowl');
        expect((await get('bowl', alone)).status).toBe(200);
        disturb();
        shop.things.state.set('bowl', 'another bowl');
        await eventually(async () => expect((await get('bowl', alone)).json['text']).toBe('another bowl'));
        const reply = await withinDeadline(5_000, () => alone.request('POST /v1/notes', { body: { text: 'a' } }));
        expect(reply.status).toBe(201);
      }
    } finally {
      await proxy.close();
    }
  });
});
