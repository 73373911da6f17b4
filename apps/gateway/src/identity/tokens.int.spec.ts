import { createHmac } from 'node:crypto';
import { eventually } from '@stoa/testing';
import { decodeProtectedHeader, generateKeyPair, importJWK, SignJWT, type CryptoKey, type JWK } from 'jose';
import { TestShop, type GatewayClone, TOKEN_KEY_SECRET } from '../../test/gateways.js';
import type { ThingsService } from '../../test/things-service.js';
import { unseal } from './seal.js';

const ID = '01890a5d-ac96-774b-bcce-b302099a8057';
const claims = { kind: 'operator', sid: ID };

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const now = (): number => Math.floor(Date.now() / 1000);

interface Key {
  readonly kid: string;
  readonly x: string;
}

type Change = (jwt: SignJWT) => SignJWT;

describe('tokens that are not of this shop, or not any more', () => {
  let shop: TestShop;
  let service: ThingsService;
  let gateway: GatewayClone;
  let key: Key;
  /** The key that this shop signs with. */
  let own: CryptoKey;
  /** A key that this shop never had. */
  let foreign: CryptoKey;

  beforeAll(async () => {
    shop = await TestShop.open();
    service = await shop.things.start();
    gateway = await shop.gateway();
    const { json } = await gateway.request('GET /.well-known/jwks.json');
    [key] = json['keys'] as unknown as [Key];
    const [row] = (await shop.sql('SELECT private_key FROM signing_keys')) as [{ private_key: string }];
    own = (await importJWK(JSON.parse(unseal(row.private_key, TOKEN_KEY_SECRET)) as JWK, 'EdDSA')) as CryptoKey;
    foreign = (await generateKeyPair('EdDSA')).privateKey;
  });
  afterAll(async () => {
    await service?.stop();
    await shop?.close();
  });

  /** A token that is valid but for `change` and `header`. */
  const sign = (privateKey: CryptoKey, change: Change = (jwt) => jwt, header = {}): Promise<string> => {
    const jwt = new SignJWT(claims)
      .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: key.kid, ...header })
      .setSubject(ID)
      .setIssuer('stoa')
      .setAudience('stoa')
      .setIssuedAt()
      .setExpirationTime('5m');
    return change(jwt).sign(privateKey);
  };

  const request = (token: string) => gateway.request('GET /v1/private', { token });

  function hmacUnderThePublicKey(): string {
    const body = { ...claims, sub: ID, iss: 'stoa', aud: 'stoa', iat: now(), exp: now() + 300 };
    const signed = `${part({ alg: 'HS256', typ: 'at+jwt', kid: key.kid })}.${part(body)}`;
    const mac = createHmac('sha256', Buffer.from(key.x, 'base64url')).update(signed).digest('base64url');
    return `${signed}.${mac}`;
  }

  function unsigned(): string {
    const body = { ...claims, sub: ID, iss: 'stoa', aud: 'stoa', iat: now(), exp: now() + 300 };
    return `${part({ alg: 'none', typ: 'at+jwt' })}.${part(body)}.`;
  }

  it('passes what the refused ones are made from: each differs from it in one thing', async () => {
    expect(await request(await sign(own))).toMatchObject({ status: 200, json: { customerId: ID } });
  });

  it.each<[string, () => string | Promise<string>, string]>([
    ['alg none', unsigned, 'signed with EdDSA'],
    ['HMAC under the public key', hmacUnderThePublicKey, 'signed with EdDSA'],
    ['a forged signature', () => sign(foreign), 'signature'],
    ['an unknown key', () => sign(own, undefined, { kid: 'unknown' }), 'a key that this shop does not have'],
    ['an expired one', () => sign(own, (jwt) => jwt.setExpirationTime(now() - 10)), 'has expired: refresh it'],
    ['the wrong issuer', () => sign(own, (jwt) => jwt.setIssuer('another shop')), 'its iss claim is wrong'],
    ['the wrong audience', () => sign(own, (jwt) => jwt.setAudience('another shop')), 'its aud claim is wrong'],
    ['one that is not valid yet', () => sign(own, (jwt) => jwt.setNotBefore(now() + 60)), 'its nbf claim is wrong'],
    ['another kind of JWT', () => sign(own, undefined, { typ: 'JWT' }), 'its typ claim is wrong'],
    ['no JWT at all', () => 'abc', 'must be Bearer'],
    ['three parts of nonsense', () => 'a.b.c', 'not a JWT of this shop'],
  ])('refuses %s', async (_what, make, detail) => {
    const reply = await request(await make());
    expect(reply).toMatchObject({ status: 401, json: { code: 'UNAUTHENTICATED' } });
    expect(reply.json['detail']).toContain(detail);
    expect(reply.headers.get('www-authenticate')).toContain('error="invalid_token"');
  });

  it.each(['iss', 'aud', 'sub', 'iat', 'exp'])('refuses a token without the claim %s', async (name) => {
    const all = { ...claims, sub: ID, iss: 'stoa', aud: 'stoa', iat: now(), exp: now() + 300 };
    const rest = Object.fromEntries(Object.entries(all).filter(([claim]) => claim !== name));
    const header = { alg: 'EdDSA', typ: 'at+jwt', kid: key.kid };
    const reply = await request(await new SignJWT(rest).setProtectedHeader(header).sign(own));
    expect(reply).toMatchObject({ status: 401, json: { code: 'UNAUTHENTICATED' } });
    expect(reply.json['detail']).toContain(`its ${name} claim is missing`);
  });

  it('refuses a token that it took before, once that has expired', async () => {
    // Clocks of clones may disagree by five seconds, so each of these has about two left.
    const token = await eventually(async () => {
      const fresh = await sign(own, (jwt) => jwt.setExpirationTime(now() - 3));
      expect((await request(fresh)).status).toBe(200);
      return fresh;
    });
    await eventually(async () =>
      expect(await request(token)).toMatchObject({
        status: 401,
        json: { detail: expect.stringContaining('has expired') },
      }),
    );
  });

  it('takes the tokens that the shop itself issued with that key', async () => {
    const { token, customerId } = await shop.signIn(gateway);
    expect(decodeProtectedHeader(token).kid).toBe(key.kid);
    expect((await request(token)).json).toEqual({ customerId });
  });

  it('are refused for what anybody may read, too', async () => {
    shop.things.state.set('open', 'for all');
    expect((await gateway.request('GET /v1/things/open')).status).toBe(200);
    expect((await gateway.request('GET /v1/things/open', { token: 'a.b.c' })).status).toBe(401);
  });
});
