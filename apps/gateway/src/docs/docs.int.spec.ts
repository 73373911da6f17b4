import { TestShop, type GatewayClone } from '../../test/gateways.js';
import type { ThingsService } from '../../test/things-service.js';

describe('fixed paths', () => {
  let shop: TestShop;
  let service: ThingsService;
  let gateway: GatewayClone;

  beforeAll(async () => {
    shop = await TestShop.open();
    service = await shop.things.start();
    gateway = await shop.gateway({ STOA_SERVED_BY: 'off', CORS_ORIGINS: 'https://shop.example' });
  });
  afterAll(async () => {
    await service?.stop();
    await shop?.close();
  });

  it('give a reference page that loads nothing from elsewhere', async () => {
    const page = await gateway.request('GET /docs/');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    const sources = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]);
    expect(sources).toEqual(['js/scalar.js']);
    const script = await gateway.request('GET /docs/js/scalar.js');
    expect(script.status).toBe(200);
    expect(script.headers.get('content-type')).toContain('javascript');
    expect((await gateway.request('GET /docs')).headers.get('location')).toBe('/docs/');
  });

  it("give a reference page without buttons that lead to its library's services, and with a place for a token", async () => {
    const { text } = await gateway.request('GET /docs/');
    expect(text).toMatch(/"showDeveloperTools":\s*"never"/);
    expect(text).toMatch(/"preferredSecurityScheme":\s*"bearer"/);
  });

  it('describe how to sign in: with a token as the document says, an operation runs', async () => {
    const document = (await gateway.request('GET /openapi.json')).json as unknown as {
      components: { securitySchemes: object };
      paths: Record<string, Record<string, { security: object[] }>>;
    };
    expect(document.components.securitySchemes).toMatchObject({ bearer: { type: 'http', scheme: 'bearer' } });
    expect(document.paths['/v1/private']?.['get']?.security).toEqual([{ bearer: [] }]);
    expect(document.paths['/v1/notes']?.['get']?.security).toEqual([{}, { bearer: [] }]);
    const { email, password, customerId } = shop.things.state.person('docs@example.com');
    const { json } = await gateway.request('POST /v1/sessions', { body: { email, password } });
    const token = String(json['accessToken']);
    expect((await gateway.request('GET /v1/private', { token })).json).toEqual({ customerId });
    expect((await gateway.request('GET /v1/private')).status).toBe(401);
  });

  it('have the headers of every response, as memory hits and preflights do', async () => {
    shop.things.state.set('pot', 'a pot');
    await gateway.request('GET /v1/things/pot');
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const documents = ['GET /openapi.json', 'GET /asyncapi.json', 'GET /docs/', 'GET /docs/js/scalar.js'];
    const others = ['GET /.well-known/jwks.json', 'GET /health/live', 'GET /health/ready', 'GET /v1/things/pot'];
    const refused = ['GET /docs/none', 'GET /health/none', 'PUT /v1/things/pot', 'GET /v1/things/%zz'];
    for (const route of [...documents, ...others, ...refused]) {
      const { headers } = await gateway.request(route, { headers: { traceparent } });
      expect([route, headers.get('trace-id')]).toEqual([route, '0af7651916cd43dd8448eb211c80319c']);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      if (refused.includes(route)) expect(headers.get('content-type')).toBe('application/problem+json');
    }
    const cors = { origin: 'https://shop.example', 'access-control-request-method': 'GET', traceparent };
    const { headers } = await gateway.request('OPTIONS /v1/things/pot', { headers: cors });
    expect(headers.get('trace-id')).toBe('0af7651916cd43dd8448eb211c80319c');
  });

  it.each([
    ['what is this', 400],
    ['GET /v1/none HTTP/1.1\r\nConnection: close', 400],
    ['GET /v1/none HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: a miracle', 404],
    ['OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close', 404],
    ['CONNECT x:80 HTTP/1.1\r\nHost: x:80', 405],
  ])('have their headers also where Node would answer by itself: %j', async (head, status) => {
    const response = await gateway.raw(`${head}\r\n\r\n`);
    expect(response).toMatch(new RegExp(`^HTTP/1.1 ${status} `, 'u'));
    expect(response).toContain('application/problem+json');
    expect(response).toContain('x-content-type-options: nosniff');
    expect(response).toMatch(/\r\ntrace-id: [0-9a-f]{32}\r\n/);
  });

  it('describe the operations of all services, and those of the gateway', async () => {
    const { json } = await gateway.request('GET /openapi.json');
    expect(json['openapi']).toMatch(/^3\.1/);
    expect(Object.keys(json['paths'] ?? {})).toEqual(expect.arrayContaining(['/v1/things/{id}', '/v1/sessions']));
    const messages = await gateway.request('GET /asyncapi.json');
    expect(messages.text).toContain('things.commands');
    expect(messages.text).not.toContain('gateway.commands');
  });

  it('give the public keys and nothing of the private ones', async () => {
    const { json, text } = await gateway.request('GET /.well-known/jwks.json');
    expect(json['keys']).toMatchObject([{ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig' }]);
    expect(text).not.toContain('"d"');
  });

  it('say nothing of who served where that is switched off', async () => {
    shop.things.state.set('mug', 'a mug');
    for (const _try of ['fetched', 'from memory']) {
      const { headers } = await gateway.request('GET /v1/things/mug');
      expect(headers.has('stoa-served-by') || headers.has('stoa-gateway')).toBe(false);
    }
    expect((await gateway.request('GET /v1/notes')).headers.has('stoa-served-by')).toBe(false);
    expect((await gateway.request('GET /v1/things/none')).headers.has('stoa-served-by')).toBe(false);
  });

  it('let the pages of allowed origins call, and those of no others', async () => {
    shop.things.state.set('cup', 'a cup');
    const request = (method: string, origin: string) =>
      gateway.request(`${method} /v1/things/cup`, { headers: { origin, 'access-control-request-method': 'GET' } });
    for (const _try of ['fetched', 'from memory'])
      expect((await request('GET', 'https://shop.example')).headers.get('access-control-allow-origin')).toBe(
        'https://shop.example',
      );
    expect((await request('OPTIONS', 'https://shop.example')).status).toBe(204);
    expect((await request('GET', 'https://other.example')).headers.has('access-control-allow-origin')).toBe(false);
    expect((await request('OPTIONS', 'https://other.example')).status).toBe(405);
  });
});
