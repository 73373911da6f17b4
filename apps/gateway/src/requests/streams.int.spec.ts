import { request } from 'node:http';
import { Readable } from 'node:stream';
import { eventually, highestDuring } from '@stoa/testing';
import { TestShop, type GatewayClone } from '../../test/gateways.js';
import type { ThingsService } from '../../test/things-service.js';
import { FRAME_BYTES } from './upload.js';

const MEGABYTE = 1024 * 1024;

describe('streams', () => {
  let shop: TestShop;
  let service: ThingsService;
  let gateway: GatewayClone;
  let token: string;

  beforeAll(async () => {
    shop = await TestShop.open();
    service = await shop.things.start();
    gateway = await shop.gateway();
    token = (await shop.signIn(gateway, 'operator')).token;
  });
  afterAll(async () => {
    await service?.stop();
    await shop?.close();
  });

  const upload = (name: string, body: Readable | Buffer, headers: Record<string, string> = {}) =>
    fetch(`${gateway.url}/v1/uploads/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'text/csv', authorization: `Bearer ${token}`, ...headers },
      body: body instanceof Readable ? (Readable.toWeb(body) as ReadableStream) : new Uint8Array(body),
      duplex: 'half',
    });

  /** So many bytes of 1, in chunks that fit no frame. */
  const ones = (bytes: number): Readable =>
    Readable.from(
      (function* () {
        for (let left = bytes; left > 0; left -= 100_003) yield Buffer.alloc(Math.min(left, 100_003), 1);
      })(),
    );

  describe('uploads', () => {
    it.each([0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 3 * FRAME_BYTES])(
      'arrive whole and in order: %d bytes',
      async (bytes) => {
        const response = await upload(`size-${bytes}`, bytes === 0 ? Buffer.alloc(0) : ones(bytes));
        expect(response.status).toBe(202);
        const frames = Math.max(1, Math.ceil(bytes / FRAME_BYTES));
        expect(await response.json()).toEqual({ bytes, sum: bytes % 1_000_003, frames, contentType: 'text/csv' });
        const { sequences } = shop.things.state.uploads.get(`size-${bytes}`)!;
        expect(sequences).toEqual(Array.from({ length: frames }, (_, n) => n));
      },
    );

    it('take no more memory for being long', async () => {
      await upload('warm', ones(8 * MEGABYTE));
      const before = await gateway.memory();
      const bytes = 160 * MEGABYTE;
      const long = (): Promise<Response> => upload('long', ones(bytes));
      const { result: response, highest } = await highestDuring(() => gateway.memory(), long);
      expect(await response.json()).toMatchObject({ bytes });
      // One that is kept takes its length; how much garbage there is beside depends on how busy the machine is.
      expect(highest - before).toBeLessThan(0.7 * bytes);
    });

    it('go on over a restart of the service', async () => {
      let release: (() => void) | undefined;
      const half = Readable.from(
        (async function* () {
          yield Buffer.alloc(2 * FRAME_BYTES, 1);
          await new Promise<void>((resolve) => (release = resolve));
          yield Buffer.alloc(2 * FRAME_BYTES, 1);
        })(),
      );
      const response = upload('restart', half);
      await eventually(() => expect(shop.things.state.uploads.get('restart')?.frames).toBeGreaterThan(0));
      await service.stop();
      service = await shop.things.start();
      release!();
      expect(await (await response).json()).toMatchObject({ bytes: 4 * FRAME_BYTES, frames: 4 });
    });

    it('are refused before a byte is read: media type, size, input, caller', async () => {
      expect((await upload('x', Buffer.from('a'), { 'content-type': 'text/html' })).status).toBe(415);
      expect((await upload('x?noote=1', Buffer.from('a'))).status).toBe(400);
      expect((await upload('x', Buffer.from('a'), { authorization: '' })).status).toBe(401);
      const status = await new Promise<number | undefined>((resolve, reject) => {
        const headers = {
          'content-type': 'text/csv',
          'content-length': String(10 ** 12),
          authorization: `Bearer ${token}`,
        };
        const sending = request(`${gateway.url}/v1/uploads/x`, { method: 'POST', headers }, (reply) => {
          resolve(reply.statusCode);
          sending.destroy();
        });
        sending.on('error', reject).write('a');
      });
      expect(status).toBe(413);
      expect(shop.things.state.uploads.has('x')).toBe(false);
    });

    it('end with the business error of the service, while the client is still sending', async () => {
      shop.things.state.uploadEnds = MEGABYTE;
      const response = await upload('enough', ones(4 * MEGABYTE));
      shop.things.state.uploadEnds = Infinity;
      expect(response.status).toBe(422);
      expect(await response.json()).toMatchObject({ code: 'ENOUGH' });
    });
  });

  describe('downloads', () => {
    it('come part by part, with a name', async () => {
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(`${gateway.url}/v1/downloads?parts=3`, { headers });
      expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
      expect(response.headers.get('content-disposition')).toBe('attachment; filename="parts.csv"');
      const lines = (await response.text()).trimEnd().split('\n');
      expect(lines).toHaveLength(30_000);
      expect([lines[0], lines[10_000], lines.at(-1)]).toEqual(['000000000', '000000001', '000000002']);
    });

    it('wait for a client that reads slowly', async () => {
      const before = await gateway.memory();
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(`${gateway.url}/v1/downloads?parts=600`, { headers });
      const reader = response.body!.getReader();
      let bytes = (await reader.read()).value!.length;
      let most = 0;
      for (let poll = 0; poll < 20; poll++) most = Math.max(most, await gateway.memory());
      expect(most - before).toBeLessThan(40 * MEGABYTE);
      for (let part = await reader.read(); !part.done; part = await reader.read()) bytes += part.value.length;
      expect(bytes).toBe(600 * 100_000);
    });

    it('are refused as other queries are', async () => {
      const download = (query: string) => gateway.request(`GET /v1/downloads?${query}`, { token });
      expect(await download('parts=5000')).toMatchObject({ status: 422, json: { code: 'TOO_MANY' } });
      expect((await download('parts=0')).status).toBe(400);
    });

    it('break off, so that it is seen, when a part cannot be had', async () => {
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(`${gateway.url}/v1/downloads?parts=900`, { headers });
      const reader = response.body!.getReader();
      await reader.read();
      await service.stop();
      const rest = (async () => {
        for (let part = await reader.read(); !part.done; part = await reader.read());
      })();
      await expect(rest).rejects.toThrow('terminated');
      service = await shop.things.start();
    });
  });
});
