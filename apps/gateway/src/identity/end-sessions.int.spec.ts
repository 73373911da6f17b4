import { eventually } from '@stoa/testing';
import { TestShop, type GatewayClone } from '../../test/gateways.js';
import type { ThingsService } from '../../test/things-service.js';

describe('a customer who was erased', () => {
  let shop: TestShop;
  let service: ThingsService;
  let gateway: GatewayClone;
  let other: GatewayClone;

  beforeAll(async () => {
    shop = await TestShop.open();
    service = await shop.things.start();
    [gateway, other] = await Promise.all([shop.gateway(), shop.gateway()]);
  });
  afterAll(async () => {
    await service?.stop();
    await shop?.close();
  });

  const leave = (customerId: string) => shop.publish('customerLeft', customerId, { customerId });
  const again = (email: string, password: string, at = gateway) =>
    at.request('POST /v1/sessions', { body: { email, password } });
  const statusOf = async (token: string, at: GatewayClone) => (await at.request('GET /v1/private', { token })).status;
  const refresh = async (refreshToken: string, at: GatewayClone) =>
    (await at.request('POST /v1/sessions/refresh', { body: { refreshToken } })).status;

  it('has no session left on any clone: tokens and refresh tokens are refused, those of others are not', async () => {
    const [one, someoneElse] = [await shop.signIn(gateway), await shop.signIn(gateway)];
    const { json } = await again(one.email, one.password, other);
    const two = { token: String(json['accessToken']), refreshToken: String(json['refreshToken']) };
    for (const { token } of [one, two]) expect(await statusOf(token, other)).toBe(200);
    await leave(one.customerId);
    const published = performance.now();
    await eventually(
      async () => {
        for (const { token } of [one, two]) {
          for (const at of [gateway, other]) expect(await statusOf(token, at)).toBe(401);
        }
      },
      { everyMs: 20 },
    );
    process.stdout.write(
      `  sessions ended on all clones ${Math.round(performance.now() - published)} ms after the event\n`,
    );
    for (const { refreshToken } of [one, two]) expect(await refresh(refreshToken, other)).toBe(401);
    expect(await shop.sql(`SELECT FROM sessions WHERE customer_id = '${one.customerId}'`)).toEqual([]);
    expect(await statusOf(someoneElse.token, other)).toBe(200);
    expect(await refresh(someoneElse.refreshToken, other)).toBe(201);
  });

  it('gets no session any more from a sign-in whose password was checked before', async () => {
    const { email, password, customerId } = shop.things.state.person('slow@example.com');
    await leave(customerId);
    await eventually(async () =>
      expect(await shop.sql(`SELECT FROM ended_customers WHERE customer_id = '${customerId}'`)).toHaveLength(1),
    );
    // The service still knows them, as it did a moment before.
    expect(await again(email, password)).toMatchObject({ status: 401, json: { code: 'WRONG_CREDENTIALS' } });
    expect(await shop.sql(`SELECT FROM sessions WHERE customer_id = '${customerId}'`)).toEqual([]);
  });

  it('only of the past has no session left from then, and none of a sign-in that was under way', async () => {
    const before = await shop.signIn(gateway);
    const { email, password, customerId } = before;
    const reset = () => shop.publish('customerReset', customerId, { customerId }, 2);
    await reset();
    await eventually(async () => expect(await statusOf(before.token, other)).toBe(401));
    expect(await refresh(before.refreshToken, other)).toBe(401);
    // The service still had the version from before, as it did a moment ago.
    expect((await again(email, password)).status).toBe(401);
    shop.things.state.people.get(email)!.version = 2;
    const { json } = await again(email, password);
    const handled = () => shop.sql(`SELECT ended_at FROM ended_sessions WHERE customer_id = '${customerId}'`);
    const once = await handled();
    await reset();
    await eventually(async () => expect(await handled()).not.toEqual(once));
    expect(await statusOf(String(json['accessToken']), other)).toBe(200);
  });

  it('is learned of by clones that did not run when the event was published', async () => {
    const { customerId, refreshToken, token } = await shop.signIn(gateway);
    await Promise.all([gateway.clone.stop(), other.clone.stop()]);
    await leave(customerId);
    gateway = await shop.gateway();
    await eventually(async () => expect(await statusOf(token, gateway)).toBe(401));
    expect(await refresh(refreshToken, gateway)).toBe(401);
  });
});
