import { eventually, withinDeadline } from '@stoa/testing';
import { CutOff } from '../../test/cut-off.js';
import { TestShop, type GatewayClone } from '../../test/gateways.js';
import type { ThingsService } from '../../test/things-service.js';

describe('the cache', () => {
  let shop: TestShop;
  let service: ThingsService;
  let gateway: GatewayClone;
  let deaf: GatewayClone;
  /** What these have asked for stays fresh for a minute. */
  let lasting: [GatewayClone, GatewayClone];
  let token: string;

  beforeAll(async () => {
    shop = await TestShop.open();
    service = await shop.things.start();
    const minute = { CACHE_MAX_AGE_MS: '60000' };
    [gateway, deaf] = await Promise.all([shop.gateway(), shop.gateway({ CACHE_EVENTS: 'off' })]);
    lasting = await Promise.all([shop.gateway(minute), shop.gateway(minute)]);
    token = (await shop.signIn(gateway, 'operator')).token;
  });
  afterAll(async () => {
    await service?.stop();
    await shop?.close();
  });

  const get = (id: string, from = gateway) => from.ask(`GET /v1/things/${id}`);
  const set = async (id: string, text: string, quiet = false) => {
    const { status, text: said } = await gateway.ask(`PUT /v1/things/${id}`, { token, body: { text, quiet } });
    if (status !== 200) throw new Error(said);
  };
  const asked = (id: string): number => shop.things.world.queries.filter((query) => query === id).length;
  let shared = 0;
  /** A new thing whose answer one clone has put into Redis. Another each time: while Redis stands still, clones do without it. */
  const inRedis = (by: GatewayClone): Promise<string> =>
    eventually(async () => {
      const id = `shared-${++shared}`;
      shop.things.world.set(id, 'a thing');
      await get(id, by);
      expect((await get(id, lasting[1])).headers.get('cache-status')).toBe('Stoa; hit');
      expect(asked(id)).toBe(1);
      return id;
    });

  it('answers from memory, from Redis on another clone, and asks the service once for many', async () => {
    shop.things.world.set('mug', 'a mug');
    const replies = await Promise.all(Array.from({ length: 50 }, () => get('mug', lasting[0])));
    expect(new Set(replies.map(({ text }) => text)).size).toBe(1);
    expect(asked('mug')).toBe(1);
    const memory = await get('mug', lasting[0]);
    expect(memory.headers.get('cache-status')).toBe('Stoa; hit');
    expect(memory.headers.get('age')).toBeNull();
    expect(asked('mug')).toBe(1);
    await inRedis(lasting[0]);
  });

  it('never gives what is older than a second after a change was acknowledged, on any clone, without any event', async () => {
    for (let round = 0; round < 5; round++) {
      await set('jug', `before ${round}`, true);
      await eventually(async () => expect((await get('jug', deaf)).json['text']).toBe(`before ${round}`));
      await set('jug', `after ${round}`, true);
      const acknowledged = performance.now();
      for (;;) {
        const sent = performance.now();
        const [near, far] = await Promise.all([get('jug'), get('jug', deaf)]);
        // A service that has no answer for two seconds is stood in for, and that is said.
        const isStale = [near, far].some(({ headers }) => headers.get('cache-status')?.includes('detail=stale'));
        if (sent - acknowledged < 1_000 || isStale) continue;
        expect([near.json['text'], far.json['text']]).toEqual([`after ${round}`, `after ${round}`]);
        break;
      }
    }
  }, 120_000);

  it('drops an answer before its time when an event says that it changed', async () => {
    const [hearing] = lasting;
    // Without events each of these answers would stay for a minute.
    for (let round = 0; round < 5; round++) {
      await set('cup', `change ${round}`);
      await eventually(async () => expect((await get('cup', hearing)).json['text']).toBe(`change ${round}`));
    }
  });

  it('forgets what is not there any more', async () => {
    shop.things.world.set('vase', 'a vase');
    expect((await get('vase')).status).toBe(200);
    shop.things.world.things.delete('vase');
    await eventually(async () => expect((await get('vase')).status).toBe(404));
    await eventually(async () => expect((await get('vase', deaf)).status).toBe(404));
  });

  it('keeps nothing that is personal', async () => {
    const { headers } = await gateway.ask('GET /v1/notes', { token });
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('cache-status')).toBeNull();
  });

  it('gives stale answers, marked as such, while the service is away, and at once', async () => {
    shop.things.world.set('urn', 'an urn');
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
    // Of another thing, and on another clone that has to get it from Redis: known to be away, or found out in two seconds.
    const atOnce = async (from: GatewayClone): Promise<void> => {
      const reply = await withinDeadline(5_000, () => get(pot, from));
      expect(reply.headers.get('cache-status')).toContain('detail=stale');
    };
    await atOnce(gateway);
    await eventually(() => atOnce(deaf));
    expect((await get('never-seen')).status).toBe(503);
    service = await shop.things.start();
    await eventually(async () => expect((await get('urn')).headers.get('cache-status')).not.toContain('stale'));
  }, 120_000);

  it('does without Redis, whether it is gone or silent', async () => {
    const way = await CutOff.before(shop.redisUrl);
    const alone = await shop.gateway({ REDIS_URL: way.url });
    try {
      for (const disturb of [() => way.cut(), () => way.silence()]) {
        way.mend();
        shop.things.world.set('bowl', 'a bowl');
        expect((await get('bowl', alone)).status).toBe(200);
        disturb();
        shop.things.world.set('bowl', 'another bowl');
        await eventually(async () => expect((await get('bowl', alone)).json['text']).toBe('another bowl'));
        const reply = await withinDeadline(5_000, () => alone.ask('POST /v1/notes', { body: { text: 'a' } }));
        expect(reply.status).toBe(201);
      }
    } finally {
      await way.close();
    }
  }, 120_000);
});
