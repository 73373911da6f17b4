import { randomUUID } from 'node:crypto';
import { eventually, withinDeadline } from '@stoa/testing';
import { TestShop, type GatewayClone } from '../../test/gateways.js';
import type { ThingsService } from '../../test/things-service.js';

describe('requests', () => {
  let shop: TestShop;
  let service: ThingsService;
  let gateway: GatewayClone;
  let operator: { token: string; customerId: string };

  beforeAll(async () => {
    shop = await TestShop.open();
    service = await shop.things.start();
    gateway = await shop.gateway({ TRUSTED_PROXIES: '127.0.0.1' });
    operator = await shop.signIn(gateway, 'operator');
  });
  afterAll(async () => {
    await service?.stop();
    await shop?.close();
  });

  const note = (body: unknown, headers: Record<string, string> = {}) =>
    gateway.request('POST /v1/notes', { body, headers });

  describe('numbers of a query string', () => {
    it.each(['5.0', '5.00', '05', '5e0', '0x5', '-0', '%205', '5%20'])(
      'have one spelling, which is not %s',
      async (limit) => {
        const { status, json } = await gateway.request(`GET /v1/things?limit=${limit}`);
        expect(status).toBe(400);
        expect(json['errors']).toMatchObject([{ pointer: '/limit' }]);
        expect(json['detail']).toMatch(/^limit must be a whole number/);
      },
    );
  });

  describe('bad input', () => {
    it('is described field by field', async () => {
      const { status, json, headers } = await note({ txt: 'x', text: 5 });
      expect(status).toBe(400);
      expect(headers.get('content-type')).toBe('application/problem+json');
      expect(json).toMatchObject({
        type: 'https://stoa.dev/problems/invalid-input',
        title: 'Invalid input',
        status: 400,
        code: 'INVALID_INPUT',
        instance: '/v1/notes',
        traceId: headers.get('trace-id'),
      });
      expect(json['errors']).toEqual(
        expect.arrayContaining([
          { pointer: '/txt', detail: 'is not a field here; did you mean text?' },
          { pointer: '/text', detail: 'must be a string (it is 5)' },
        ]),
      );
    });

    it.each([
      ['{"text": "a",}', 'line 1, column 14'],
      ['{"text": "a"', 'line 1, column 13'],
      ['{\n  "text": oops\n}', 'line 2, column 11'],
      ['{"text": "a"} x', 'line 1, column 15'],
      ['', ''],
    ])('is described by where it stops being JSON: %j', async (body, place) => {
      const { status, json } = await note(body);
      expect(status).toBe(400);
      expect(json['detail']).toContain(place);
    });

    it.each([
      ['[1]', 'not a list'],
      ['null', 'not null'],
      ['"text"', 'not a string'],
    ])('is no JSON object: %s', async (body, detail) => {
      expect((await note(body)).json['detail']).toContain(detail);
    });

    it('is larger than what is taken, said or not', async () => {
      const body = JSON.stringify({ text: 'x'.repeat(2 * 1024 * 1024) });
      expect(await note(body)).toMatchObject({ status: 413, json: { code: 'PAYLOAD_TOO_LARGE' } });
      const chunked = await fetch(`${gateway.url}/v1/notes`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: new Blob([body]).stream(),
        duplex: 'half',
      });
      expect(chunked.status).toBe(413);
    });

    it.each([
      ['text/plain', 415],
      ['application/json; charset=latin1', 415],
      ['no/thing; x', 415],
      ['application/json; charset=utf-8', 201],
      ['application/merge-patch+json', 201],
    ])('has the media type %s', async (type, status) => {
      expect((await note('{"text":"a"}', { 'content-type': type })).status).toBe(status);
    });

    it('is packed', async () => {
      const { status, json } = await note('{"text":"a"}', { 'content-encoding': 'gzip' });
      expect(status).toBe(415);
      expect(json['detail']).toContain('gzip');
    });

    it.each(['GET /v1/things/%zz', 'PROPFIND /v1/notes', 'PURGE /v1/things/mug', 'PUT /v1/notes', 'GET /v1/none'])(
      'is a problem like every other, also where no operation is found: %s',
      async (route) => {
        const { status, json, headers } = await gateway.request(route);
        expect(headers.get('content-type')).toBe('application/problem+json');
        expect(json).toMatchObject({ status, traceId: headers.get('trace-id') });
        expect(headers.get('stoa-gateway')).toMatch(/^gateway-/);
      },
    );

    it.each([
      ['POST /v1/sessions', '['.repeat(5_000), undefined],
      ['POST /v1/sessions', `{"email":${'['.repeat(5_000)}${']'.repeat(5_000)}}`, '/email'],
      ['POST /v1/notes', `{"text":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_001)}`, '/text'],
    ])('is nested too deep: %s', async (route, body, pointer) => {
      const { status, json } = await gateway.request(route, { body });
      expect(status).toBe(400);
      if (pointer) expect(json['errors']).toEqual([{ pointer, detail: 'is nested more than 32 levels deep' }]);
    });

    it('is not UTF-8, or holds U+0000', async () => {
      const response = await fetch(`${gateway.url}/v1/notes`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: Buffer.from([...Buffer.from('{"text":"'), 0xff, ...Buffer.from('"}')]),
      });
      expect(response.status).toBe(400);
      expect((await note('{"text":"a\\u0000b"}')).json['errors']).toMatchObject([{ pointer: '/text' }]);
      expect((await gateway.request('GET /v1/things/a%00b')).status).toBe(400);
    });

    it('asks for what is not there, or in a way that is not taken', async () => {
      expect(await gateway.request('GET /v1/none')).toMatchObject({ status: 404, json: { code: 'NOT_FOUND' } });
      expect(await gateway.request('GET /v1/things/unknown')).toMatchObject({
        status: 404,
        json: { code: 'NOT_FOUND', detail: 'There is no thing unknown' },
      });
      const wrong = await gateway.request('PATCH /v1/notes');
      expect(wrong).toMatchObject({ status: 405, json: { code: 'METHOD_NOT_ALLOWED' } });
      expect(wrong.headers.get('allow')).toBe('GET, HEAD, POST');
      expect((await gateway.request('OPTIONS /v1/notes')).status).toBe(405);
      expect((await gateway.request('GET /v1/things/%ff')).status).toBe(400);
      expect((await gateway.request('GET /v1/things?limit=0')).json['errors']).toMatchObject([{ pointer: '/limit' }]);
      expect((await gateway.request('GET /v1/things?colour=red')).json['errors']).toMatchObject([
        { pointer: '/colour' },
      ]);
      expect((await gateway.request(`GET /v1/things/${'x'.repeat(20_000)}`)).status).toBe(431);
    });
  });

  describe('idempotency', () => {
    it('runs a write with the same key once, and gives its response again', async () => {
      const { json } = await gateway.request('POST /v1/guests');
      const token = String(json['token']);
      const headers = { 'idempotency-key': randomUUID() };
      const first = await gateway.request('POST /v1/notes', { token, body: { text: 'a' }, headers });
      const second = await gateway.request('POST /v1/notes', { token, body: { text: 'a' }, headers });
      expect(first.status).toBe(201);
      expect(second.json).toEqual(first.json);
      expect((await gateway.request('GET /v1/notes', { token })).json['notes']).toEqual(['a']);
      const other = await gateway.request('POST /v1/notes', { token, body: { text: 'b' }, headers });
      expect(other).toMatchObject({ status: 409, json: { code: 'IDEMPOTENCY_KEY_REUSED' } });
    });

    it('keeps strangers with the same weak key apart', async () => {
      const headers = { 'idempotency-key': '1' };
      const first = await note({ text: 'same' }, headers);
      const second = await note({ text: 'same' }, headers);
      expect(second.json['runs']).toBe(Number(first.json['runs']) + 1);
      expect(second.headers.get('stoa-guest-token')).not.toBe(first.headers.get('stoa-guest-token'));
    });

    it('refuses a key that cannot be one', async () => {
      expect((await note({ text: 'a' }, { 'idempotency-key': 'x'.repeat(256) })).status).toBe(400);
    });
  });

  describe('versions', () => {
    const set = (text: string, headers = {}) =>
      gateway.request('PUT /v1/things/vase', { token: operator.token, body: { text }, headers });

    it('are ETags: a stale If-Match is refused, the right one is taken', async () => {
      const first = await set('one');
      expect(first.headers.get('etag')).toBe('"1"');
      expect(first.headers.get('location')).toBe('/v1/things/vase');
      expect((await set('two', { 'if-match': '"1"' })).headers.get('etag')).toBe('"2"');
      expect(await set('three', { 'if-match': '"1"' })).toMatchObject({ status: 412, json: { code: 'STALE_VERSION' } });
      expect((await set('three', { 'if-match': 'W/"2"' })).status).toBe(412);
      expect((await set('three', { 'if-match': '2' })).status).toBe(400);
      expect((await note({ text: 'a' }, { 'if-match': '"1"' })).status).toBe(400);
    });

    it('spare a client what it has already', async () => {
      shop.things.state.set('jug', 'a jug');
      const { headers } = await gateway.request('GET /v1/things/jug');
      const known = { 'if-none-match': headers.get('etag') ?? '' };
      const reply = await gateway.request('GET /v1/things/jug', { headers: known });
      expect(reply).toMatchObject({ status: 304, text: '' });
      expect(reply.headers.get('etag')).toBe(headers.get('etag'));
      expect((await gateway.request('GET /v1/things/jug', { headers: { 'if-none-match': '"0"' } })).status).toBe(200);
    });

    it('serves HEAD as GET, without the body', async () => {
      shop.things.state.set('cup', 'a cup');
      for (const _try of ['fetched', 'from memory']) {
        const head = await gateway.request('HEAD /v1/things/cup');
        expect(head).toMatchObject({ status: 200, text: '' });
        expect(Number(head.headers.get('content-length'))).toBeGreaterThan(10);
      }
    });
  });

  describe('faults', () => {
    it('end within the budget of the contract, with when to try again', async () => {
      // The budget that operations have without one of their own would take longer.
      const reply = await withinDeadline(5_000, () => gateway.request('POST /v1/sleep', { body: { ms: 10_000 } }));
      expect([503, 504]).toContain(reply.status);
      expect(reply.headers.has('retry-after')).toBe(true);
    });

    it('have the status that the contract gives their code', async () => {
      const put = () => gateway.request('PUT /v1/things/horn', { token: operator.token, body: { text: 'LOUD' } });
      // The service may still have the work of the test before in hand.
      await eventually(async () => expect(await put()).toMatchObject({ status: 422, json: { code: 'TOO_LOUD' } }));
    });
  });

  it('carries the trace of its caller on, and names it', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    for (const path of ['/v1/notes', '/v1/things/mug', '/v1/none']) {
      const { headers } = await gateway.request(`GET ${path}`, { headers: { traceparent } });
      expect(headers.get('trace-id')).toBe('0af7651916cd43dd8448eb211c80319c');
    }
  });

  it('keeps a trail of what operators do, without secrets, and shows it to them', async () => {
    const body = { text: 'audited', secret: 'hunter2', quiet: true };
    await gateway.request('PUT /v1/things/urn', {
      token: operator.token,
      body,
      headers: { 'x-forwarded-for': '203.0.113.9' },
    });
    await gateway.request('PUT /v1/things/urn', { token: operator.token, body: { text: 'LOUD' } });
    const read = (query: string) => gateway.request(`GET /v1/audit?${query}`, { token: operator.token });
    const page = await read(`operatorId=${operator.customerId}&limit=1`);
    const last = await read(`operatorId=${operator.customerId}&limit=1&cursor=${page.json['next']}`);
    const shared = { operatorId: operator.customerId, operation: 'things.setThing', kind: 'command' };
    expect([page.json['items'], last.json['items']]).toMatchObject([
      [{ ...shared, status: 422, errorCode: 'TOO_LOUD', address: '127.0.0.1' }],
      [{ ...shared, status: 200, errorCode: null, address: '203.0.113.9' }],
    ]);
    expect(last.text).not.toContain('hunter2');
    const query = (await read(`operatorId=${operator.customerId}&limit=1`)).json['items'];
    expect(query).toMatchObject([{ operation: 'gateway.listAudit', kind: 'query', status: 200 }]);
    const refused = await gateway.request('GET /v1/audit', { token: (await shop.signIn(gateway)).token });
    expect(refused.status).toBe(403);
  });
});
