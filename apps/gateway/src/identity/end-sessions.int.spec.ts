import { newId } from '@stoa/messaging';
import { eventually } from '@stoa/testing';
import { decodeJwt } from 'jose';
import { TestShop, type GatewayClone } from '../../test/gateways.js';
import type { ThingsService } from '../../test/things-service.js';

interface Listed {
  readonly sessionId: string;
  readonly isCurrent: boolean;
  readonly userAgent: string;
  readonly address: string;
}

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

  describe('who is signed in on many devices', () => {
    /** Signs in on three devices. */
    const three = async () => {
      const { email, password, customerId } = shop.things.state.person(`${newId()}@example.com`);
      const signIn = async (device: string) => {
        const headers = { 'user-agent': device };
        const { json } = await gateway.request('POST /v1/sessions', { body: { email, password }, headers });
        return { token: String(json['accessToken']), refreshToken: String(json['refreshToken']) };
      };
      const [phone, laptop, tablet] = [await signIn('phone'), await signIn('laptop'), await signIn('tablet')];
      return { email, password, customerId, phone, laptop, tablet };
    };
    const renew = (refreshToken: string) => gateway.request('POST /v1/sessions/refresh', { body: { refreshToken } });
    const list = async (token: string) =>
      (await gateway.request('GET /v1/me/sessions', { token })).json['items'] as unknown as Listed[];
    const isEnded = async ({ token, refreshToken }: { token: string; refreshToken: string }) => {
      await eventually(async () => expect(await statusOf(token, other)).toBe(401));
      expect((await renew(refreshToken)).status).toBe(401);
    };

    it('are shown with where and by what they began, and ended one by one, or all but this one', async () => {
      const { phone, laptop, tablet } = await three();
      const sessions = await list(laptop.token);
      expect(sessions.map(({ userAgent }) => userAgent).toSorted()).toEqual(['laptop', 'phone', 'tablet']);
      expect(sessions.filter(({ isCurrent }) => isCurrent)).toMatchObject([
        { userAgent: 'laptop', address: '127.0.0.1' },
      ]);
      const lost = sessions.find(({ userAgent }) => userAgent === 'phone')!.sessionId;
      const stranger = await shop.signIn(gateway);
      const end = (token: string) => gateway.request(`DELETE /v1/me/sessions/${lost}`, { token });
      expect((await end(stranger.token)).status).toBe(404);
      expect((await end(laptop.token)).status).toBe(204);
      await isEnded(phone);
      expect((await end(laptop.token)).status).toBe(404);
      expect((await gateway.request('DELETE /v1/me/sessions', { token: laptop.token })).status).toBe(204);
      await isEnded(tablet);
      expect(await list(laptop.token)).toHaveLength(1);
      expect(await statusOf(stranger.token, other)).toBe(200);
    });

    it('end when what one signs in with changes, but for the one that changed it, which outlives the event too', async () => {
      const { phone, laptop, tablet, customerId } = await three();
      const change = (ok: boolean) => gateway.request('PUT /v1/secret', { token: laptop.token, body: { ok } });
      expect((await change(false)).status).toBe(409);
      expect(await list(laptop.token)).toHaveLength(3);
      expect((await change(true)).status).toBe(200);
      for (const session of [phone, tablet]) await isEnded(session);
      const [kept] = (await shop.sql(`SELECT kept_command FROM sessions WHERE customer_id = '${customerId}'`)) as [
        { kept_command: string },
      ];
      const event = { customerId, by: kept.kept_command };
      await shop.publish('customerReset', customerId, event, 2);
      await eventually(async () =>
        expect(await shop.sql(`SELECT FROM ended_sessions WHERE customer_id = '${customerId}'`)).toHaveLength(1),
      );
      expect(await statusOf(laptop.token, gateway)).toBe(200);
      expect((await renew(laptop.refreshToken)).status).toBe(201);
      // Of another command it ends that one as well.
      await shop.publish('customerReset', customerId, { customerId, by: newId() }, 3);
      await eventually(async () => expect(await statusOf(laptop.token, other)).toBe(401));
    });

    it('ask for the password again before what is sensitive, unless it was given a moment ago', async () => {
      const { laptop, password, customerId } = await three();
      const sensitive = (token: string) => gateway.request('POST /v1/sensitive', { token, body: {} });
      expect((await sensitive(laptop.token)).status).toBe(200);
      await shop.sql(
        `UPDATE sessions SET proved_at = now() - interval '11 minutes' WHERE customer_id = '${customerId}'`,
      );
      const old = String((await renew(laptop.refreshToken)).json['accessToken']);
      const refused = await sensitive(old);
      expect(refused).toMatchObject({ status: 401, json: { code: 'REAUTHENTICATION_REQUIRED' } });
      expect(refused.headers.get('www-authenticate')).toContain('insufficient_user_authentication');
      const prove = (given: string) =>
        gateway.request('POST /v1/sessions/current/proof', { token: old, body: { password: given } });
      expect(await prove('wrong')).toMatchObject({ status: 403, json: { code: 'WRONG_CREDENTIALS' } });
      const proved = await prove(password);
      expect(proved.status).toBe(201);
      const token = String(proved.json['accessToken']);
      expect(decodeJwt(token)['sid']).toBe(decodeJwt(old)['sid']);
      expect((await sensitive(token)).status).toBe(200);
    });

    it('end at last, however often they are refreshed', async () => {
      const { laptop, customerId } = await three();
      const refreshed = await renew(laptop.refreshToken);
      expect(refreshed.status).toBe(201);
      await shop.sql(
        `UPDATE sessions SET created_at = created_at - interval '90 days' WHERE customer_id = '${customerId}'`,
      );
      expect((await renew(String(refreshed.json['refreshToken']))).status).toBe(401);
    });
  });

  it('is learned of by clones that did not run when the event was published', async () => {
    const { customerId, refreshToken, token } = await shop.signIn(gateway);
    await Promise.all([gateway.clone.stop(), other.clone.stop()]);
    await leave(customerId);
    gateway = await shop.gateway();
    await eventually(async () => expect(await statusOf(token, gateway)).toBe(401));
    expect(await refresh(refreshToken, gateway)).toBe(401);
  });

  it('could have everything that was held about them before, and so could an operator who was asked', async () => {
    const [one, operator] = [await shop.signIn(gateway), await shop.signIn(gateway, 'operator')];
    await gateway.request('POST /v1/notes', { token: one.token, body: { text: 'mine' } });
    const mine = await gateway.request('GET /v1/me/personal-data', { token: one.token });
    expect(mine.json).toMatchObject({
      customerId: one.customerId,
      services: [{ service: 'things', operation: 'things.getNotes', data: { notes: ['mine'] } }],
      sessions: [{ role: 'customer', createdAt: expect.any(String), revokedAt: null }],
      operatorActions: [],
    });
    const route = `GET /v1/customers/${one.customerId}/personal-data`;
    expect((await gateway.request(route, { token: one.token })).status).toBe(403);
    await gateway.request(route, { token: operator.token });
    const theirs = await gateway.request(route, { token: operator.token });
    expect(theirs.json).toMatchObject({ operatorActions: [{ operation: 'gateway.getPersonalData', status: 200 }] });
  });
});
