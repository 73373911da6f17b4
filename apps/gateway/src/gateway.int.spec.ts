import { GatewayClone, TestShop } from '../test/gateways.js';
import type { ThingsService } from '../test/things-service.js';

describe('the gateway', () => {
  let shop: TestShop;
  let service: ThingsService;
  let gateway: GatewayClone;

  beforeAll(async () => {
    shop = await TestShop.open();
    service = await shop.things.start();
    gateway = await shop.gateway();
  });
  afterAll(async () => {
    await service?.stop();
    await shop?.close();
  });

  it('answers an operation that it learned from the contract', async () => {
    shop.things.world.set('mug', 'a mug');
    const reply = await gateway.ask('GET /v1/things/mug');
    expect(reply.json).toEqual({ id: 'mug', version: 1, text: 'a mug' });
    expect(reply).toMatchObject({ status: 200 });
    expect(Object.fromEntries(reply.headers)).toMatchObject({
      etag: '"1"',
      'stoa-served-by': 'things-1',
      'stoa-gateway': gateway.clone.name,
    });
  });
});
