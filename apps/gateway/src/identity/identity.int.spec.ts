import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { eventually, mostlyWithin } from '@stoa/testing';
import { decodeJwt, decodeProtectedHeader, generateKeyPair, SignJWT } from 'jose';
import { TcpProxy } from '../../test/tcp-proxy.js';
import { TestShop, TOKEN_KEY_SECRET, type GatewayClone } from '../../test/gateways.js';
import { accountName } from '../audit/security-log.js';
import type { ThingsService } from '../../test/things-service.js';

describe('identity', () => {
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

  const refresh = (refreshToken: string, from = gateway) =>
    from.request('POST /v1/sessions/refresh', { body: { refreshToken } });

  describe('guests', () => {
    it('get a token that is one identity on all clones', async () => {
      const { status, json } = await gateway.request('POST /v1/guests');
      expect(status).toBe(201);
      const token = String(json['token']);
      expect(Date.parse(String(json['expiresAt']))).toBeGreaterThan(Date.now() + 29 * 86_400_000);
      await gateway.request('POST /v1/notes', { token, body: { text: 'one' } });
      expect((await other.request('GET /v1/notes', { token })).json).toEqual({
        customerId: json['guestId'],
        notes: ['one'],
      });
    });

    it('are created by the first write without a token, whose response has theirs', async () => {
      const first = await gateway.request('POST /v1/notes', { body: { text: 'mine' } });
      const token = first.headers.get('stoa-guest-token') ?? '';
      expect((await gateway.request('GET /v1/notes', { token })).json['notes']).toEqual(['mine']);
      expect((await gateway.request('GET /v1/notes', { token })).headers.has('stoa-guest-token')).toBe(false);
      expect((await gateway.request('GET /v1/notes')).json['notes']).toEqual([]);
    });

    it('are asked to sign in where customers are meant', async () => {
      const { json } = await gateway.request('POST /v1/guests');
      const reply = await gateway.request('GET /v1/private', { token: String(json['token']) });
      expect(reply).toMatchObject({ status: 401, json: { code: 'UNAUTHENTICATED' } });
      expect(reply.headers.get('www-authenticate')).toBe('Bearer');
    });
  });

  describe('signing in', () => {
    it('gives tokens of the shop, which any clone takes', async () => {
      const { customerId, token } = await shop.signIn(gateway);
      expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'EdDSA', typ: 'at+jwt' });
      expect(decodeJwt(token)).toMatchObject({ sub: customerId, iss: 'stoa', aud: 'stoa', kind: 'customer' });
      expect((await other.request('GET /v1/private', { token })).json).toEqual({ customerId });
    });

    it('refuses a wrong password and a locked account with the contract of the service that knows', async () => {
      const { email } = shop.things.state.person('ada@example.com');
      const wrong = await gateway.request('POST /v1/sessions', { body: { email, password: 'wrong' } });
      expect(wrong).toMatchObject({ status: 401, json: { code: 'WRONG_CREDENTIALS' } });
      const locked = await gateway.request('POST /v1/sessions', {
        body: { email: 'locked@example.com', password: 'x' },
      });
      expect(locked).toMatchObject({ status: 429, json: { code: 'LOCKED_OUT' } });
      expect(locked.headers.get('retry-after')).toBe('42');
    });

    it('is known again by its device token, and a stranger without', async () => {
      const { email, password, customerId } = shop.things.state.person('known@example.com');
      const signIn = async (deviceToken?: string) => {
        const { json } = await gateway.request('POST /v1/sessions', { body: { email, password, deviceToken } });
        return { token: String(json['deviceToken']), from: shop.things.state.signIns.at(-1)?.from };
      };
      const first = await signIn();
      expect(first.from).toEqual({ network: '127.0.0.1' });
      const again = await signIn(first.token);
      expect(again.from).toEqual({ network: '127.0.0.1', device: { id: decodeJwt(first.token).jti, customerId } });
      expect(decodeJwt(again.token).jti).toBe(decodeJwt(first.token).jti);
      expect((await signIn(`${first.token}x`)).from).toEqual({ network: '127.0.0.1' });
      // It is no access token, and an access token is no device token.
      expect((await gateway.request('GET /v1/private', { token: first.token })).status).toBe(401);
      expect((await signIn((await shop.signIn(gateway)).token)).from).toEqual({ network: '127.0.0.1' });
    });

    it('lets the services take over what the guest had, before it responds', async () => {
      const guest = await gateway.request('POST /v1/notes', { body: { text: 'as a guest' } });
      const { token } = await shop.signIn(gateway, 'customer', guest.headers.get('stoa-guest-token') ?? '');
      expect((await gateway.request('GET /v1/notes', { token })).json['notes']).toEqual(['as a guest']);
    });

    it('takes a guest over once, however often the sign-in is repeated', async () => {
      const guest = await gateway.request('POST /v1/notes', { body: { text: 'once' } });
      const guestToken = guest.headers.get('stoa-guest-token') ?? '';
      const { email, password } = await shop.signIn(gateway, 'customer', guestToken);
      const again = await other.request('POST /v1/sessions', { body: { email, password }, token: guestToken });
      const notes = await gateway.request('GET /v1/notes', { token: String(again.json['accessToken']) });
      expect(notes.json['notes']).toEqual(['once']);
    });

    it('waits for a service that has to take something over, and does without one that has nothing to take', async () => {
      const guest = await gateway.request('POST /v1/notes', { body: { text: 'kept' } });
      const { email, password } = shop.things.state.person('late@example.com');
      const guestToken = guest.headers.get('stoa-guest-token') ?? '';
      shop.things.state.canAdopt = false;
      const refused = await gateway.request('POST /v1/sessions', { body: { email, password }, token: guestToken });
      expect(refused).toMatchObject({ status: 503 });
      expect(refused.headers.has('retry-after')).toBe(true);
      expect((await gateway.request('POST /v1/sessions', { body: { email, password } })).status).toBe(201);
      shop.things.state.canAdopt = true;
      const later = await eventually(async () => {
        const reply = await gateway.request('POST /v1/sessions', { body: { email, password }, token: guestToken });
        expect(reply.status).toBe(201);
        return reply;
      });
      const notes = await gateway.request('GET /v1/notes', { token: String(later.json['accessToken']) });
      expect(notes.json['notes']).toEqual(['kept']);
    });

    it('is not kept from anybody by an expired or odd token that is sent along', async () => {
      const { email, password } = shop.things.state.person('odd@example.com');
      const reply = await gateway.request('POST /v1/sessions', { body: { email, password }, token: 'a.b.c' });
      expect(reply.status).toBe(201);
    });

    it('makes operators of those who are, and refuses others', async () => {
      const customer = await shop.signIn(gateway);
      const operator = await shop.signIn(gateway, 'operator');
      const body = { text: 'new', quiet: true };
      expect(await gateway.request('PUT /v1/things/x', { token: customer.token, body })).toMatchObject({
        status: 403,
        json: { code: 'FORBIDDEN' },
      });
      expect((await gateway.request('PUT /v1/things/x', { token: operator.token, body })).status).toBe(200);
      expect((await gateway.request('PUT /v1/things/x', { body })).status).toBe(401);
    });
  });

  describe('refreshing', () => {
    it('exchanges a refresh token for the next pair, on any clone', async () => {
      const { refreshToken, customerId } = await shop.signIn(gateway);
      const { status, json } = await refresh(refreshToken, other);
      expect(status).toBe(201);
      expect(json['refreshToken']).not.toBe(refreshToken);
      expect((await gateway.request('GET /v1/private', { token: String(json['accessToken']) })).json).toEqual({
        customerId,
      });
    });

    it('gives the same successor again while it is unused: a lost response is not theft', async () => {
      const { refreshToken } = await shop.signIn(gateway);
      const replies = await Promise.all([refresh(refreshToken), refresh(refreshToken, other), refresh(refreshToken)]);
      expect(replies.map(({ status }) => status)).toEqual([201, 201, 201]);
      expect(new Set(replies.map(({ json }) => json['refreshToken'])).size).toBe(1);
    });

    it('is a line of the log where it is wrong, or comes from nobody here', async () => {
      const { email, refreshToken, token } = await shop.signIn(gateway);
      await gateway.request('POST /v1/sessions', { body: { email, password: 'wrong password' } });
      await gateway.request('GET /v1/private', { token: `${token.slice(0, -4)}AAAA` });
      const next = String((await refresh(refreshToken)).json['refreshToken']);
      await refresh(next);
      await refresh(refreshToken);
      await eventually(() => {
        const logs = gateway.clone.logs?.() ?? '';
        for (const event of ['signed in', 'sign-in refused', 'token forged', 'refresh token reused']) {
          expect(logs).toContain(`"security":"${event}"`);
        }
        expect(logs).toContain(`"who":"${accountName(email)}"`);
        for (const secret of [email, 'wrong password', refreshToken]) expect(logs).not.toContain(secret);
      });
    });

    it('ends the session when a token comes again whose successor was used', async () => {
      const { refreshToken, token } = await shop.signIn(gateway);
      const second = String((await refresh(refreshToken)).json['refreshToken']);
      const third = String((await refresh(second)).json['refreshToken']);
      expect(await refresh(refreshToken)).toMatchObject({ status: 401, json: { code: 'UNAUTHENTICATED' } });
      expect((await refresh(third)).status).toBe(401);
      expect((await gateway.request('GET /v1/private', { token })).status).toBe(401);
    });

    it('refuses a token that was never given', async () => {
      expect((await refresh('str_nonsense')).status).toBe(401);
      expect((await refresh('')).status).toBe(400);
    });
  });

  describe('signing out', () => {
    it('ends the session: its tokens are refused here at once, and on other clones within two seconds', async () => {
      await mostlyWithin({ rounds: 5, deadlineMs: 2_000 }, async (timed) => {
        const { token, refreshToken } = await shop.signIn(gateway);
        expect((await other.request('GET /v1/private', { token })).status).toBe(200);
        expect((await gateway.request('DELETE /v1/sessions/current', { token })).status).toBe(204);
        await timed(async () => {
          expect(await gateway.request('GET /v1/private', { token })).toMatchObject({
            status: 401,
            json: { detail: 'The session was ended: sign in again' },
          });
          await eventually(async () => expect((await other.request('GET /v1/private', { token })).status).toBe(401));
        });
        expect((await refresh(refreshToken)).status).toBe(401);
      });
    });
  });

  describe('without its database', () => {
    it('a clone goes on with the tokens that there are, and says that it can give no new ones', async () => {
      const proxy = await TcpProxy.open(shop.database.url);
      try {
        const cut = await shop.gateway({ GATEWAY_DATABASE_URL: proxy.url });
        const { token, refreshToken, email, password } = await shop.signIn(cut);
        const { privateKey } = await generateKeyPair('EdDSA');
        const foreign = await new SignJWT({}).setProtectedHeader({ alg: 'EdDSA', kid: 'unknown' }).sign(privateKey);
        for (const disturb of [() => proxy.cut(), () => proxy.silence()]) {
          proxy.restore();
          await eventually(async () => expect((await refresh('str_none', cut)).status).toBe(401));
          disturb();
          expect((await cut.request('GET /v1/private', { token })).status).toBe(200);
          expect((await cut.request('POST /v1/guests')).status).toBe(201);
          expect(await refresh(refreshToken, cut)).toMatchObject({ status: 503, json: { code: 'UNAVAILABLE' } });
          expect((await cut.request('POST /v1/sessions', { body: { email, password } })).status).toBe(503);
          expect((await cut.request('DELETE /v1/sessions/current', { token })).status).toBe(503);
          // Another clone may have made that key meanwhile.
          await eventually(async () =>
            expect((await cut.request('GET /v1/private', { token: foreign })).status).toBe(503),
          );
        }
        proxy.restore();
        await eventually(async () => expect((await refresh(refreshToken, cut)).status).toBe(201));
      } finally {
        await proxy.close();
      }
    });
  });

  describe('signing keys', () => {
    it('are shared by all clones and rotated: published an hour before they sign, kept for what they signed', async () => {
      const kids = async (from: GatewayClone): Promise<string[]> =>
        ((await from.request('GET /.well-known/jwks.json')).json['keys'] as unknown as { kid: string }[]).map(
          ({ kid }) => kid,
        );
      const before = await kids(gateway);
      expect(before).toHaveLength(1);
      const { token: oldToken } = await shop.signIn(gateway);
      await shop.sql(`UPDATE signing_keys SET activates_at = activates_at - interval '23 hours 30 minutes'`);
      const second = await shop.gateway();
      expect(await kids(second)).toHaveLength(2);
      expect(decodeProtectedHeader((await shop.signIn(second)).token).kid).toBe(before[0]);
      await shop.sql(`UPDATE signing_keys SET activates_at = activates_at - interval '2 hours'`);
      const third = await shop.gateway();
      const { token } = await shop.signIn(third);
      expect(before).not.toContain(decodeProtectedHeader(token).kid);
      // The first clone hasn't read the keys since: it looks again for a key that it doesn't know.
      expect((await gateway.request('GET /v1/private', { token })).status).toBe(200);
      expect((await third.request('GET /v1/private', { token: oldToken })).status).toBe(200);
      const rows = await shop.sql(`SELECT * FROM signing_keys WHERE published_until < now() + interval '30 days'`);
      expect(rows).toEqual([]);
      // One that has stopped signing has lost its private half; the others are sealed.
      const stored = 'SELECT kid, private_key FROM signing_keys ORDER BY activates_at';
      const [old, ...others] = (await shop.sql(stored)) as { kid: string; private_key: string }[];
      expect(JSON.parse(old!.private_key.slice('plain:'.length))).not.toHaveProperty('d');
      for (const { private_key } of others) expect(private_key).toMatch(/^sealed:/);
      // A new one at once, by command: what a stolen one signed is refused by whoever reads the keys anew.
      const env = { PATH: process.env['PATH'], GATEWAY_DATABASE_URL: shop.database.url, TOKEN_KEY_SECRET };
      const rotate = ['apps/gateway/dist/cli/main.js', 'rotate', '--now', '--distrust'];
      const { stdout } = await promisify(execFile)(process.execPath, rotate, { env });
      expect(stdout).toMatch(/^\S+ +signs .*private half\n$/);
      const fourth = await shop.gateway();
      expect((await fourth.request('GET /v1/private', { token })).status).toBe(401);
      expect((await fourth.request('GET /v1/private', { token: (await shop.signIn(fourth)).token })).status).toBe(200);
    });
  });
});
