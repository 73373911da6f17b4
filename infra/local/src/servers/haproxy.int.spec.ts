import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@stoa/testing';
import { freePort } from '../machine/ports.js';
import { haproxyCommand } from './haproxy-command.js';
import { startHaproxy, type HaproxyServer } from './haproxy.js';

interface Gateway {
  name: string;
  port: number;
  server: Server;
  ready: boolean;
  seen: IncomingMessage[];
  /** Handles a request; if not set, the body is its name. */
  respond?: (request: IncomingMessage, response: ServerResponse) => void;
}

async function gateway(name: string): Promise<Gateway> {
  const port = await freePort();
  const server = createServer((request, response) => {
    if (request.url === '/health/ready') {
      response.writeHead(self.ready ? 200 : 503).end();
      return;
    }
    self.seen.push(request);
    if (self.respond) self.respond(request, response);
    else response.end(name);
  });
  const self: Gateway = { name, port, server, ready: true, seen: [] };
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return self;
}

describe('the load balancer', () => {
  let dir: string;
  let first: Gateway;
  let second: Gateway;
  let balancer: HaproxyServer;

  const close = (one: Gateway): void => {
    one.server.closeAllConnections();
    one.server.close();
  };
  /** Again while HAProxy finds no server up: all are in this process, which may have been halted for a moment. */
  const send = (init: RequestInit = {}): Promise<Response> =>
    eventually(async () => {
      const response = await fetch(`${balancer.url}/x`, init);
      expect(response.status).not.toBe(503);
      return response;
    });
  const ask = async (init: RequestInit = {}): Promise<string> => (await send(init)).text();
  const upServers = async (): Promise<string[]> => {
    const lines = (await haproxyCommand(balancer.adminSocket, 'show servers state gateways')).split('\n').slice(2);
    return lines.map((line) => line.split(' ')).flatMap((field) => (field[5] === '2' ? [field[3] ?? ''] : []));
  };

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'stoa-haproxy-'));
    [first, second] = [await gateway('gateway-1'), await gateway('gateway-2')];
    balancer = await startHaproxy({ dataDir: dir, servers: [first, second] });
    await eventually(async () => expect(await upServers()).toEqual(['gateway-1', 'gateway-2']));
  });
  afterEach(async () => {
    await balancer.stop();
    close(first);
    close(second);
    rmSync(dir, { recursive: true });
  });

  it('spreads requests, and says whose they are whatever the client claims', async () => {
    const names = new Set<string>();
    for (let n = 0; n < 8; n++) names.add(await ask({ headers: { 'x-forwarded-for': '6.6.6.6' } }));
    expect([...names].toSorted()).toEqual(['gateway-1', 'gateway-2']);
    const addresses = [...first.seen, ...second.seen].map(({ headers }) => headers['x-forwarded-for']);
    expect(new Set(addresses)).toEqual(new Set(['127.0.0.1']));
  });

  it('sends nothing to a clone that says it is not ready, and comes back to it', async () => {
    first.ready = false;
    await eventually(async () => expect(await upServers()).toEqual(['gateway-2']));
    first.seen.length = 0;
    for (let n = 0; n < 6; n++) expect(await ask()).toBe('gateway-2');
    expect(first.seen).toHaveLength(0);
    first.ready = true;
    await eventually(async () => expect(await upServers()).toEqual(['gateway-1', 'gateway-2']));
  });

  it('answers a GET from the other clone when one breaks off, but sends a POST only once', async () => {
    first.respond = (request) => request.socket.destroy();
    for (let n = 0; n < 6; n++) expect(await ask()).toBe('gateway-2');
    expect(first.seen.length).toBeGreaterThan(0);
    const statuses = new Set<number>();
    for (let n = 0; n < 8; n++) {
      const { status, headers } = await send({ method: 'POST' });
      statuses.add(status);
      if (status === 200) continue;
      expect(headers.get('content-type')).toBe('application/problem+json');
      expect(headers.get('retry-after')).toBe('1');
    }
    expect(statuses).toEqual(new Set([200, 502]));
    const posts = [...first.seen, ...second.seen].filter(({ method }) => method === 'POST');
    expect(posts).toHaveLength(8);
  });

  it('answers a problem like every other when both break off, and leaves large headers for the clones to refuse', async () => {
    for (const one of [first, second]) one.respond = (request) => request.socket.destroy();
    const broken = await send({ method: 'POST' });
    expect(broken.headers.get('content-type')).toBe('application/problem+json');
    expect(await broken.json()).toMatchObject({ status: 502, code: 'BAD_GATEWAY', title: expect.any(String) });
    for (const one of [first, second]) one.respond = (_request, response) => response.writeHead(418).end();
    const huge = await send({ headers: { 'x-huge': 'a'.repeat(15_700) } });
    expect(huge.status).toBe(418);
  });

  it('reaches every request while a clone is simply gone', async () => {
    close(first);
    const names = await Promise.all(Array.from({ length: 20 }, () => ask({ method: 'POST' })));
    expect(new Set(names)).toEqual(new Set(['gateway-2']));
  });

  it('takes further clones and drains them without a restart', async () => {
    const third = await gateway('gateway-3');
    await haproxyCommand(
      balancer.adminSocket,
      `add server gateways/gateway-3 127.0.0.1:${third.port} check inter 400ms`,
    );
    await haproxyCommand(balancer.adminSocket, 'enable health gateways/gateway-3; enable server gateways/gateway-3');
    await eventually(async () => expect(await ask()).toBe('gateway-3'));
    await haproxyCommand(balancer.adminSocket, 'set server gateways/gateway-3 state drain');
    third.seen.length = 0;
    for (let n = 0; n < 6; n++) await ask();
    expect(third.seen).toHaveLength(0);
    close(third);
  });
});
