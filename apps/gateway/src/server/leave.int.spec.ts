import { eventually } from '@stoa/testing';
import { TestShop } from '../../test/gateways.js';
import type { ThingsService } from '../../test/things-service.js';

/** Long enough for requests to a clone that leaves. */
const DRAIN_MS = 3_000;

describe('leaving', () => {
  let shop: TestShop;
  let service: ThingsService;

  beforeAll(async () => {
    shop = await TestShop.open();
    service = await shop.things.start();
  });
  afterAll(async () => {
    await service?.stop();
    await shop?.close();
  });

  it('turns unready, goes on serving until the balancer has seen it, finishes what is in flight, exits 0', async () => {
    const gateway = await shop.gateway({ DRAIN_DELAY_MS: String(DRAIN_MS) });
    shop.things.state.set('mug', 'a mug');
    expect((await gateway.request('GET /v1/things/mug')).headers.get('connection')).toBe('keep-alive');
    const inFlight = gateway.request('GET /v1/wait');
    await eventually(() => expect(shop.things.state.waiting).toBe(1));
    process.kill(gateway.clone.pid!, 'SIGTERM');
    await eventually(async () => expect((await gateway.request('GET /health/ready')).status).toBe(503));
    const cached = await gateway.request('GET /v1/things/mug');
    expect(cached).toMatchObject({ status: 200 });
    expect(cached.headers.get('connection')).toBe('close');
    expect((await gateway.request('GET /v1/none')).headers.get('connection')).toBe('close');
    await eventually(() => expect(gateway.request('GET /health/live')).rejects.toThrow('fetch failed'));
    shop.things.state.letGo.resolve();
    expect(await inFlight).toMatchObject({ status: 200, json: { waited: true } });
    // It would end with another code by itself, had it taken more than ten seconds.
    expect(await gateway.clone.exited).toEqual({ code: 0, signal: null });
  });
});
