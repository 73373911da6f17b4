import { connect } from 'node:net';
import { eventually } from '@stoa/testing';
import { TestShop, type GatewayClone } from '../../test/gateways.js';
import type { ThingsService } from '../../test/things-service.js';

describe('the memory of a clone', () => {
  let shop: TestShop;
  let service: ThingsService;
  let gateway: GatewayClone;

  beforeAll(async () => {
    shop = await TestShop.open();
    service = await shop.things.start();
    const bounds = { BODY_MEMORY_BYTES: '100000', BODY_LIMIT_BYTES: '100000', CACHE_MEMORY_BYTES: '1000000' };
    gateway = await shop.gateway({ ...bounds, RATE_LIMITS: 'off', CACHE_MAX_AGE_MS: '60000' });
  });
  afterAll(async () => {
    await service?.stop();
    await shop?.close();
  });

  it('holds cached responses within a bound that counts their keys, however queries are spelled', async () => {
    shop.things.state.set('mug', 'x'.repeat(3_000));
    const cached = (): Promise<number> => gateway.metric('stoa_gateway_cache_bytes');
    const request = async (target: string): Promise<void> => {
      const { status, json } = await gateway.request(`GET ${target}`);
      expect({ status, id: json['id'] }).toEqual({ status: 200, id: 'mug' });
    };
    await request('/v1/things/mug');
    const once = await cached();
    expect(once).toBeGreaterThan(3_000);
    // Other spellings add themselves, and no second response.
    for (const target of ['/v1/things/m%75g', '/v1/things/%6dug', '/v1/things/mug?', '/v1/things/mug?&'])
      await request(target);
    expect((await cached()) - once).toBeLessThan(3_000);
    for (let n = 0; n < 150; n++) await request(`/v1/things/mug?${'&'.repeat(800 + n)}`);
    for (let n = 0; n < 20; n++) await request(`/v1/things/mug?${'&'.repeat(12_000 + n)}`);
    expect(await cached()).toBeLessThan(1_000_000);
    // Not once for each spelling; a slow machine may let the minute of the first response pass.
    expect(shop.things.state.queries.filter((id) => id === 'mug').length).toBeLessThan(10);
  });

  it('of JSON bodies is bounded for all together: bodies beyond the bound are refused', async () => {
    const body = { text: 'x'.repeat(50_000) };
    expect((await gateway.request('POST /v1/notes', { body })).status).toBe(201);
    const slow = connect(Number(gateway.clone.httpPort), '127.0.0.1');
    slow.on('error', () => undefined);
    slow.write(
      'POST /v1/notes HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 90000\r\n\r\n' +
        '{"text":"'.padEnd(80_000, 'x'),
    );
    await eventually(async () => expect(await gateway.metric('stoa_gateway_body_bytes')).toBe(80_000));
    const refused = await gateway.request('POST /v1/notes', { body });
    expect(refused).toMatchObject({ status: 503, json: { code: 'OVERLOADED' } });
    expect(refused.headers.has('retry-after')).toBe(true);
    // Small bodies are served meanwhile.
    expect((await gateway.request('POST /v1/notes', { body: { text: 'little' } })).status).toBe(201);
    slow.destroy();
    await eventually(async () => expect((await gateway.request('POST /v1/notes', { body })).status).toBe(201));
  });

  it('is not taken by a body that comes a byte at a time', async () => {
    const socket = connect(Number(gateway.clone.httpPort), '127.0.0.1');
    socket.write(
      'POST /v1/notes HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nConnection: close\r\n' +
        'Transfer-Encoding: chunked\r\n\r\n',
    );
    for (const byte of JSON.stringify({ text: 'x'.repeat(2_000) })) socket.write(`1\r\n${byte}\r\n`);
    socket.write('0\r\n\r\n');
    let response = '';
    for await (const chunk of socket) response += String(chunk);
    expect(response).toMatch(/^HTTP\/1.1 201 /);
    expect(response).toContain('x'.repeat(2_000));
  });
});
