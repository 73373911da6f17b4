import { TestShop, type GatewayClone } from '../../test/gateways.js';
import type { ThingsService } from '../../test/things-service.js';

type Body = NonNullable<RequestInit['body']>;

describe('a body that is passed on as it comes', () => {
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

  const hook = async (body: Body, headers: Record<string, string> = {}, query = '') => {
    const response = await fetch(`${gateway.url}/v1/hooks${query}`, { method: 'POST', body, headers, duplex: 'half' });
    return { status: response.status, headers: response.headers, json: (await response.json()) as object };
  };

  it.each(['application/json', 'text/plain; charset=latin1', 'application/x-www-form-urlencoded'])(
    'is the very text, whatever its type: %s',
    async (type) => {
      const body = '{ "amount" : 1.50,\r\n "name":"Grüße 😀 \\u00fc \\u0000",, }\n\n';
      const { status, json } = await hook(body, {
        'content-type': type,
        'Things-Signature': 't=1,v1=abc',
        'x-other': 'never seen',
      });
      expect(status).toBe(200);
      expect(json).toMatchObject({ body, headers: { 'things-signature': 't=1,v1=abc' } });
      expect(Object.keys((json as { headers: object }).headers)).toEqual(['things-signature']);
    },
  );

  it('is of nobody, whatever token comes along, and gives nobody one', async () => {
    const { status, headers, json } = await hook('x', { authorization: 'Bearer of a provider' });
    expect(status).toBe(200);
    expect(json).toMatchObject({ caller: 'guest 00000000-0000-7000-8000-000000000000', headers: {} });
    expect(headers.get('stoa-guest-token')).toBeNull();
  });

  it('may be empty', async () => {
    expect(await hook('')).toMatchObject({ status: 200, json: { body: '' } });
  });

  it('is refused where it is larger than the contract says, said or not', async () => {
    expect((await hook('x'.repeat(10_000))).status).toBe(200);
    const body = 'x'.repeat(10_001);
    expect(await hook(body)).toMatchObject({ status: 413, json: { code: 'PAYLOAD_TOO_LARGE' } });
    expect((await hook(new Blob([body]).stream())).status).toBe(413);
  });

  it.each<[string, Body, Record<string, string>, string, number, string]>([
    ['packed', 'x', { 'content-encoding': 'gzip' }, '', 415, 'gzip'],
    ['no UTF-8', new Uint8Array([0x61, 0xff, 0x62]), {}, '', 400, 'UTF-8'],
    ['a text with U+0000', 'a\0b', {}, '', 400, 'U+0000'],
    ['sent with a query string', 'x', {}, '?body=y', 400, 'query string'],
  ])('is refused as a problem when it is %s', async (_what, body, headers, query, status, detail) => {
    const response = await hook(body, headers, query);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.json).toMatchObject({ status, detail: expect.stringContaining(detail) });
  });
});
