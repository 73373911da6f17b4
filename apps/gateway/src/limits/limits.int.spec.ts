import { eventually } from '@stoa/testing';
import { TcpProxy } from '../../test/tcp-proxy.js';
import { TestShop, type GatewayClone } from '../../test/gateways.js';
import type { ThingsService } from '../../test/things-service.js';

describe('rate limits', () => {
  let shop: TestShop;
  let service: ThingsService;
  let proxy: TcpProxy;
  let gateways: GatewayClone[];

  beforeAll(async () => {
    shop = await TestShop.open();
    service = await shop.things.start();
    proxy = await TcpProxy.open(shop.redisUrl);
    const env = {
      REDIS_URL: proxy.url,
      RATE_LIMIT_WRITES_PER_MINUTE: '10',
      RATE_LIMIT_GUESTS_PER_MINUTE: '8',
      TRUSTED_PROXIES: '127.0.0.1',
    };
    gateways = await Promise.all([shop.gateway(env), shop.gateway(env)]);
  });
  afterAll(async () => {
    await Promise.all([service?.stop(), proxy?.close()]);
    await shop?.close();
  });

  let hosts = 0;
  /** With another host each time: while Redis doesn't reply, clones do without it and count anew. */
  const undisturbed = (attempt: (host: number) => Promise<void>) => eventually(() => attempt(++hosts));
  const from = (address: string) => ({ 'x-forwarded-for': address });
  const nothing = (n: number, address: string) =>
    gateways[n % 2]!.request('POST /v1/nothing', { headers: from(address) });
  const statuses = async (count: number, address: string): Promise<number[]> => {
    const replies = [];
    for (let n = 0; n < count; n++) replies.push((await nothing(n, address)).status);
    return replies;
  };

  it('are those of the contract, counted over all clones, by address for those without a token', async () => {
    await undisturbed(async (host) => {
      expect(await statuses(4, `192.0.2.${host}`)).toEqual([204, 204, 204, 429]);
      const refused = await nothing(0, `192.0.2.${host}`);
      expect(refused).toMatchObject({ status: 429, json: { code: 'RATE_LIMITED' } });
      expect(refused.headers.get('ratelimit-limit')).toBe('3');
      expect(refused.headers.get('ratelimit-remaining')).toBe('0');
      expect(Number(refused.headers.get('ratelimit-reset'))).toBeGreaterThan(0);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await nothing(0, `198.51.100.${host}`)).status).toBe(204);
    });
  });

  it('count the addresses of one network of IPv6 as one', async () => {
    await undisturbed(async (host) => {
      expect(await statuses(3, `2001:db8:${host}:2::1`)).toEqual([204, 204, 204]);
      expect((await nothing(1, `2001:db8:${host}:2:ffff::2`)).status).toBe(429);
      expect((await nothing(1, `2001:db8:${host}:3::1`)).status).toBe(204);
    });
  });

  it('are shared out among the clones while Redis is unavailable', async () => {
    for (const gateway of gateways)
      await eventually(async () => expect(await gateway.metric('stoa_gateway_clones')).toBe(2));
    proxy.cut();
    const replies = await statuses(8, '203.0.113.20');
    expect(replies.filter((status) => status === 204)).toHaveLength(4);
    await eventually(async () => expect(await gateways[0]!.metric('stoa_redis_connected')).toBe(0));
    proxy.restore();
    await eventually(async () => expect((await nothing(0, '203.0.113.21')).status).toBe(204));
    await eventually(async () => expect(await gateways[0]!.metric('stoa_redis_connected')).toBe(1));
  });

  it('trust only the balancer about addresses', async () => {
    // Without Redis it counts by itself from the beginning.
    const alone = { REDIS_URL: 'redis://127.0.0.1:1', TRUSTED_PROXIES: '192.0.2.1' };
    const stranger = await shop.gateway({ ...alone, RATE_LIMIT_WRITES_PER_MINUTE: '2' });
    const request = (address: string) =>
      stranger.request('POST /v1/notes', { body: { text: 'a' }, headers: from(address) });
    expect([(await request('203.0.113.7')).status, (await request('203.0.113.8')).status]).toEqual([201, 201]);
    expect((await request('203.0.113.9')).status).toBe(429);
  });

  it('count what strangers ask for by their address, whatever token comes along', async () => {
    await undisturbed(async (host) => {
      const headers = from(`203.0.113.${100 + host}`);
      const tokens: (string | undefined)[] = [undefined];
      const replies: number[] = [];
      for (let n = 0; n < 9; n++) {
        const { status, json } = await gateways[n % 2]!.request('POST /v1/guests', { headers, token: tokens.at(-1) });
        replies.push(status);
        tokens.push(json['token'] === undefined ? undefined : String(json['token']));
      }
      expect(replies).toEqual([...Array.from({ length: 8 }, () => 201), 429]);
      expect((await gateways[0]!.request('POST /v1/guests', { headers: from(`192.0.2.${100 + host}`) })).status).toBe(
        201,
      );
    });
  });

  it('bound all writes of a caller, wherever they come from', async () => {
    await undisturbed(async () => {
      const { json } = await gateways[0]!.request('POST /v1/guests', { headers: from('203.0.113.5') });
      const token = String(json['token']);
      const write = async (n: number) =>
        (
          await gateways[n % 2]!.request('POST /v1/notes', {
            token,
            body: { text: 'a' },
            headers: from(`198.51.100.${n}`),
          })
        ).status;
      const replies: number[] = [];
      for (let n = 0; n < 11; n++) replies.push(await write(n));
      expect(replies).toEqual([...Array.from({ length: 10 }, () => 201), 429]);
    });
  });
});
