import { eventually } from '@stoa/testing';
import { decodeJwt } from 'jose';
import { Client } from 'pg';
import { TcpProxy } from '../../test/tcp-proxy.js';
import { TestShop, type GatewayClone } from '../../test/gateways.js';
import type { ThingsService } from '../../test/things-service.js';

describe('revocations', () => {
  let shop: TestShop;
  let service: ThingsService;
  let gateway: GatewayClone;
  let proxy: TcpProxy;
  /** Its database can be cut off. */
  let far: GatewayClone;

  beforeAll(async () => {
    shop = await TestShop.open();
    proxy = await TcpProxy.open(shop.database.url);
    service = await shop.things.start();
    [gateway, far] = await Promise.all([shop.gateway(), shop.gateway({ GATEWAY_DATABASE_URL: proxy.url })]);
  });
  beforeEach(() => proxy.restore());
  afterAll(async () => {
    await service?.stop();
    await shop?.close();
    await proxy?.close();
  });

  const request = (token: string, at = far) => at.request('GET /v1/private', { token });
  const isTaken = (token: string) => eventually(async () => expect((await request(token)).status).toBe(200));
  const isRefused = (token: string) => eventually(async () => expect((await request(token)).status).toBe(401));

  it('are learned when the database is back, however long it was unreachable', async () => {
    const { token } = await shop.signIn(gateway);
    await isTaken(token);
    proxy.cut();
    expect((await gateway.request('DELETE /v1/sessions/current', { token })).status).toBe(204);
    // As if the clone had been cut off for minutes.
    await shop.sql(`UPDATE revocations SET revoked_at = revoked_at - interval '5 minutes'`);
    proxy.restore();
    await isRefused(token);
  });

  it('are learned when their transaction commits, however long ago it began', async () => {
    const [slow, quick] = [await shop.signIn(gateway), await shop.signIn(gateway)];
    await isTaken(slow.token);
    const client = new Client({ connectionString: shop.database.url });
    await client.connect();
    try {
      await client.query('BEGIN');
      await client.query(
        `INSERT INTO revocations (session_id, revoked_at, expires_at)
         VALUES ($1, now() - interval '5 minutes', now() + interval '10 minutes')`,
        [decodeJwt(slow.token)['sid']],
      );
      // One that began later and was seen already.
      expect((await gateway.request('DELETE /v1/sessions/current', { token: quick.token })).status).toBe(204);
      await isRefused(quick.token);
      expect((await request(slow.token)).status).toBe(200);
      await client.query('COMMIT');
    } finally {
      await client.end();
    }
    await isRefused(slow.token);
  });

  it('that can not be known let no operator in, and customers for as long as their tokens live', async () => {
    const [operator, customer] = [await shop.signIn(gateway, 'operator'), await shop.signIn(gateway)];
    for (const disturb of [() => proxy.cut(), () => proxy.silence()]) {
      proxy.restore();
      await isTaken(operator.token);
      disturb();
      // Where anybody may read, too: who asks must be known.
      const refused = await eventually(async () => {
        const reply = await far.request('GET /v1/things', { token: operator.token });
        expect(reply.status).toBe(503);
        return reply;
      });
      expect(refused.json).toMatchObject({ code: 'UNAVAILABLE' });
      expect(refused.headers.has('retry-after')).toBe(true);
      expect((await request(operator.token)).status).toBe(503);
      expect((await request(customer.token)).status).toBe(200);
    }
    proxy.restore();
    await isTaken(operator.token);
  });
});
