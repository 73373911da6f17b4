import { eventually } from '@stoa/testing';
import { CutOff } from '../../test/cut-off.js';
import { TestShop, type GatewayClone } from '../../test/gateways.js';
import type { ThingsService } from '../../test/things-service.js';

describe('the cache', () => {
  let shop: TestShop;
  let service: ThingsService;
  let gateway: GatewayClone;
  let deaf: GatewayClone;
  let token: string;

  beforeAll(async () => {
    shop = await TestShop.open();
    service = await shop.things.start();
    [gateway, deaf] = await Promise.all([shop.gateway(), shop.gateway({ CACHE_EVENTS: 'off' })]);
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

  it('answers from memory, from Redis on another clone, and asks the service once for many', async () => {
    shop.things.world.set('mug', 'a mug');
    const replies = await Promise.all(Array.from({ length: 50 }, () => get('mug')));
    expect(new Set(replies.map(({ text }) => text)).size).toBe(1);
    expect(asked('mug')).toBe(1);
    const memory = await get('mug');
    expect(memory.headers.get('cache-status')).toBe('Stoa; hit');
    expect(memory.headers.get('age')).toBeNull();
    expect((await get('mug', deaf)).headers.get('cache-status')).toBe('Stoa; hit');
    expect(asked('mug')).toBe(1);
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
        if (sent - acknowledged < 1_000) continue;
        expect([near.json['text'], far.json['text']]).toEqual([`after ${round}`, `after ${round}`]);
        break;
      }
    }
  });

  it('drops an answer before its time when an event says that it changed', async () => {
    let soonest = Infinity;
    for (let round = 0; round < 5; round++) {
      await set('cup', `before ${round}`);
      await eventually(async () => expect((await get('cup')).json['text']).toBe(`before ${round}`));
      await set('cup', `after ${round}`);
      const acknowledged = performance.now();
      await eventually(async () => expect((await get('cup')).json['text']).toBe(`after ${round}`), { everyMs: 5 });
      soonest = Math.min(soonest, performance.now() - acknowledged);
    }
    // Without the event it takes until the second is over that began with the last look.
    expect(soonest).toBeLessThan(900);
  });

  it('forgets what is not there any more', async () => {
    shop.things.world.set('vase', 'a vase');
    expect((await get('vase')).status).toBe(200);
    shop.things.world.things.delete('vase');
    await eventually(async () => expect((await get('vase')).status).toBe(404));
    expect((await get('vase', deaf)).status).toBe(404);
  });

  it('keeps nothing that is personal', async () => {
    const { headers } = await gateway.ask('GET /v1/notes', { token });
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('cache-status')).toBeNull();
  });

  it('gives stale answers, marked as such, while the service is away, and at once', async () => {
    shop.things.world.set('urn', 'an urn');
    shop.things.world.set('pot', 'a pot');
    await Promise.all([get('urn'), get('pot')]);
    await service.stop();
    const stale = await eventually(async () => {
      const reply = await get('urn');
      expect(reply.headers.get('cache-status')).toMatch(/^Stoa; hit; ttl=-\d+; detail=stale$/);
      return reply;
    });
    expect(stale).toMatchObject({ status: 200, json: { text: 'an urn' } });
    expect(Number(stale.headers.get('age'))).toBeGreaterThanOrEqual(1);
    // Of another thing, and on another clone that has to get it from Redis: known to be away, or found out in two seconds.
    const started = performance.now();
    expect((await get('pot')).headers.get('cache-status')).toContain('detail=stale');
    expect((await get('pot', deaf)).headers.get('cache-status')).toContain('detail=stale');
    expect(performance.now() - started).toBeLessThan(5_000);
    expect((await get('never-seen')).status).toBe(503);
    service = await shop.things.start();
    await eventually(async () => expect((await get('urn')).headers.get('cache-status')).not.toContain('stale'));
  });

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
        const started = performance.now();
        expect((await alone.ask('POST /v1/notes', { body: { text: 'a' } })).status).toBe(201);
        expect(performance.now() - started).toBeLessThan(2_000);
      }
    } finally {
      await way.close();
    }
  });
});
