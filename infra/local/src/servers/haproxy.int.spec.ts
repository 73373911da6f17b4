import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { eventually } from '@stoa/testing';
import { gateway, raw, type Gateway } from '../../test/fake-gateway.js';
import { freePort } from '../machine/ports.js';
import { run } from '../machine/run.js';
import { haproxyCommand } from './haproxy-command.js';
import { startHaproxy, type HaproxyServer } from './haproxy.js';

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

  const start = async (env: NodeJS.ProcessEnv = {}): Promise<void> => {
    balancer = await startHaproxy({ dataDir: dir, servers: [first, second], env: { ...process.env, ...env } });
    await eventually(async () => expect(await upServers()).toEqual(['gateway-1', 'gateway-2']));
  };
  const restart = async (env: NodeJS.ProcessEnv): Promise<void> => {
    await balancer.stop();
    await start(env);
  };
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'stoa-haproxy-'));
    [first, second] = [await gateway('gateway-1'), await gateway('gateway-2')];
    await start();
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
    const traceId = broken.headers.get('trace-id');
    expect(traceId).toMatch(/^[\da-f]{32}$/);
    expect(broken.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await broken.json()).toMatchObject({ status: 502, code: 'BAD_GATEWAY', instance: '/x', traceId });
    for (const one of [first, second]) one.respond = (_request, response) => response.writeHead(418).end();
    const huge = await send({ headers: { 'x-huge': 'a'.repeat(15_700) } });
    expect(huge.status).toBe(418);
  });

  it('reaches every request while a clone is simply gone', async () => {
    close(first);
    const names = await Promise.all(Array.from({ length: 20 }, () => ask({ method: 'POST' })));
    expect(new Set(names)).toEqual(new Set(['gateway-2']));
  });

  it('goes on while hundreds send slowly, and ends each of them with 408', async () => {
    await restart({ STOA_HAPROXY_REQUEST_SECONDS: '3' });
    const head = 'POST /slow HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{';
    const slow = Array.from({ length: 300 }, () => raw(balancer.port, head));
    for (let n = 0; n < 20; n++) expect(await ask({ method: 'POST' })).toMatch(/^gateway-/);
    for (const response of await Promise.all(slow)) {
      expect(response).toMatch(/^HTTP\/1.1 408 [^{]*application\/problem\+json/);
      expect(response).toMatch(/"code": "REQUEST_TIMEOUT"[^}]*"instance": "\\\/slow"/);
    }
    expect([...first.seen, ...second.seen].filter(({ url }) => url === '/slow')).toEqual([]);
  });

  it('hands on an upload while it comes, apart from what is small', async () => {
    const upload = new PassThrough();
    const sent = fetch(`${balancer.url}/upload`, {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: Readable.toWeb(upload) as ReadableStream,
      duplex: 'half',
    });
    upload.write('a,b\n');
    await eventually(() => expect([...first.seen, ...second.seen]).toMatchObject([{ url: '/upload' }]));
    upload.end();
    expect((await sent).status).toBe(200);
    const large = await send({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '1'.repeat(60_000),
    });
    expect(large.status).toBe(200);
    const log = readFileSync(join(dir, 'haproxy.log'), 'utf8');
    expect(log.match(/"path":"[^"]*","status":"200".*"backend":"streams"/g)).toHaveLength(2);
  });

  it('bounds the connections of a source, and lets those go on that it has', async () => {
    await restart({ STOA_HAPROXY_CONNECTIONS_PER_SOURCE: '20' });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const kept = (): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const asked = httpRequest(`${balancer.url}/kept`, { agent }, (response) => {
          response.resume().once('end', () => resolve(response.statusCode));
        });
        asked.once('error', reject).end();
      });
    expect(await kept()).toBe(200);
    const idle = Array.from({ length: 30 }, () => connect(balancer.port, '127.0.0.1').on('error', () => undefined));
    await eventually(() => expect(idle.filter(({ closed }) => closed).length).toBeGreaterThanOrEqual(10));
    expect(await kept()).toBe(200);
    for (const socket of idle) socket.destroy();
    agent.destroy();
  });

  it('takes the address of the client from those proxies alone that are named', async () => {
    const addressOf = async (bytes: string): Promise<unknown> => {
      first.seen.length = second.seen.length = 0;
      expect(await raw(balancer.port, bytes)).toMatch(/^HTTP\/1.1 200/);
      return [...first.seen, ...second.seen].map(({ headers }) => [
        headers['x-forwarded-for'],
        headers['x-forwarded-proto'],
      ]);
    };
    const get = (...headers: string[]): string =>
      ['GET / HTTP/1.1', 'Host: x', 'Connection: close', ...headers, '', ''].join('\r\n');
    const forwarded = get('X-Forwarded-For: 6.6.6.6, 203.0.113.7, 10.1.2.3', 'X-Forwarded-Proto: https');
    expect(await addressOf(forwarded)).toEqual([['127.0.0.1', 'http']]);
    await restart({ TRUSTED_PROXIES: 'loopback,10.0.0.0/8' });
    expect(await addressOf(forwarded)).toEqual([['203.0.113.7', 'https']]);
    expect(await addressOf(get())).toEqual([['127.0.0.1', 'http']]);
    await restart({ STOA_HAPROXY_PROXY_PROTOCOL: 'loopback' });
    expect(await addressOf(`PROXY TCP4 203.0.113.9 127.0.0.1 1 2\r\n${forwarded}`)).toEqual([['203.0.113.9', 'http']]);
  });

  it('speaks TLS with a certificate, and has plain requests come by it', async () => {
    const pem = join(dir, 'tls.pem');
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '1', '-nodes'];
    const { code } = await run('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      ...subject,
      '-keyout',
      pem,
      '-out',
      `${pem}.crt`,
    ]);
    expect(code).toBe(0);
    const ca = readFileSync(`${pem}.crt`);
    appendFileSync(pem, ca);
    const port = await freePort();
    const tls = {
      STOA_HAPROXY_CERTIFICATE: pem,
      STOA_HAPROXY_TLS_BIND: `127.0.0.1:${port}`,
      STOA_HAPROXY_REDIRECT: 'on',
    };
    await restart({ ...tls, STOA_HAPROXY_ACME_THUMBPRINT: 'thumbprint' });
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      httpsRequest(`https://127.0.0.1:${port}/x`, { ca }, resolve).once('error', reject).end();
    });
    response.resume();
    expect(response).toMatchObject({ statusCode: 200, headers: { 'strict-transport-security': 'max-age=31536000' } });
    expect([...first.seen, ...second.seen].at(-1)?.headers['x-forwarded-proto']).toBe('https');
    const plain = await fetch(`${balancer.url}/x?y`, { redirect: 'manual' });
    expect([plain.status, plain.headers.get('location')]).toEqual([308, `https://127.0.0.1:${balancer.port}/x?y`]);
    expect(await (await fetch(`${balancer.url}/.well-known/acme-challenge/a-token`)).text()).toBe('a-token.thumbprint');
  });

  it('refuses what is no request, too large or too slow for one, with a problem like every other', async () => {
    await restart({ STOA_HAPROXY_REQUEST_SECONDS: '2' });
    const huge = `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(40_000)}\r\n\r\n`;
    const refused = [
      ['what is this\r\n\r\n', 400],
      ['GET / HTTP/1.1\r\nHo', 408],
      [huge, 431],
    ] as const;
    await Promise.all(
      refused.map(async ([bytes, status]) => {
        const response = await raw(balancer.port, bytes);
        expect(response).toMatch(new RegExp(`^HTTP/1.1 ${status} [^{]*nosniff`, 'u'));
        const [head = '', body = ''] = response.split('\r\n\r\n');
        const traceId = /trace-id: ([\da-f]{32})/.exec(head)?.[1];
        expect(JSON.parse(body)).toMatchObject({ status, title: expect.any(String), traceId });
      }),
    );
    expect(await raw(balancer.port, '')).toBe('');
  });

  it('speaks no HTTP/2 in clear, opens no tunnels, and logs what it did without what may be secret', async () => {
    expect(await raw(balancer.port, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
    expect(await raw(balancer.port, 'CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\nConnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1.1 405 /,
    );
    first.respond = second.respond = (_request, response) => response.writeHead(200, { 'trace-id': 'abc' }).end();
    await fetch(`${balancer.url}/a"b?token=secret`, { headers: { authorization: 'Bearer secret' } });
    const line = await eventually(() => {
      const lines = readFileSync(join(dir, 'haproxy.log'), 'utf8').split('\n');
      return JSON.parse(lines.find((text) => text.includes('"status":"200"')) ?? '') as object;
    });
    expect(line).toMatchObject({
      client: '127.0.0.1',
      method: 'GET',
      path: '/a%22b',
      trace: 'abc',
      backend: 'gateways',
    });
    expect(JSON.stringify(line)).not.toContain('secret');
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
