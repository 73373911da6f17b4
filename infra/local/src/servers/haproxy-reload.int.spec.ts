import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { Agent, createServer, request, type IncomingHttpHeaders, type Server } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { eventually, simulatedWork } from '@stoa/testing';
import { childrenByParent, isAlive } from '../machine/os-processes.js';
import { freePort } from '../machine/ports.js';
import { repoRoot } from '../state-dir/paths.js';
import { findHaproxy } from './haproxy-binary.js';
import { startHaproxy, type Backend, type HaproxyServer } from './haproxy.js';

interface Response {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Requests of the kinds that a reload could fail, one after the other on each connection. */
class Load {
  readonly failures: string[] = [];
  readonly seen: Response[] = [];
  private readonly over = new AbortController();
  private readonly loops: Promise<void>[] = [];
  private readonly agents: Agent[] = [];

  constructor(private readonly url: string) {
    for (let n = 0; n < 6; n++) {
      for (const method of ['GET', 'POST']) {
        this.loops.push(this.loop(method, '/', true), this.loop(method, '/', false));
      }
      this.loops.push(this.loop('POST', '/slow', true));
    }
  }

  /** Waits for so many more responses. */
  async further(count: number): Promise<void> {
    const wanted = this.seen.length + count;
    await eventually(() => expect(this.seen.length).toBeGreaterThanOrEqual(wanted));
  }

  async stop(): Promise<void> {
    this.over.abort();
    await Promise.all(this.loops);
    for (const agent of this.agents) agent.destroy();
  }

  private async loop(method: string, path: string, keepAlive: boolean): Promise<void> {
    const agent = new Agent({ keepAlive, maxSockets: 1 });
    this.agents.push(agent);
    while (!this.over.signal.aborted) {
      try {
        const response = await send(this.url + path, method, agent);
        this.seen.push(response);
        if (response.status !== 200) this.failures.push(`${method} ${path}: ${response.status} ${response.body}`);
      } catch (error) {
        this.failures.push(`${keepAlive ? 'kept' : 'new'} connection, ${method} ${path}: ${String(error)}`);
      }
    }
  }
}

function send(url: string, method: string, agent: Agent): Promise<Response> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, agent }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    sent.once('error', reject);
    sent.end(method === 'POST' ? '{}' : undefined);
  });
}

describe('HAProxy that is reloaded', () => {
  let dir: string;
  let configuration: string;
  let servers: { backend: Backend; server: Server }[];
  let haproxy: HaproxyServer;
  let slowRequests = 0;

  const gateway = async (name: string): Promise<{ backend: Backend; server: Server }> => {
    const server = createServer(async (incoming, response) => {
      if (incoming.url === '/slow') {
        slowRequests++;
        await simulatedWork(300);
      }
      response.end(name);
    });
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return { backend: { name, port }, server };
  };
  const backends = (): Backend[] => servers.map(({ backend }) => backend);
  const worker = (): number => childrenByParent().get(haproxy.pid)?.at(-1) ?? 0;
  const get = async (path = '/'): Promise<Response> => {
    const agent = new Agent();
    return send(haproxy.url + path, 'GET', agent).finally(() => agent.destroy());
  };

  /** A request that has reached a gateway. */
  const slowRequest = async (): Promise<{ response: Promise<Response> }> => {
    const seen = slowRequests;
    const response = get('/slow');
    await eventually(() => expect(slowRequests).toBe(seen + 1));
    return { response };
  };

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'stoa-reload-'));
    cpSync(join(repoRoot, 'infra/haproxy'), join(dir, 'configuration'), { recursive: true });
    configuration = join(dir, 'configuration/haproxy.cfg');
    servers = await Promise.all([gateway('gateway-1'), gateway('gateway-2')]);
    haproxy = await startHaproxy({ dataDir: join(dir, 'haproxy'), servers: backends(), configuration });
    await eventually(async () => expect((await get()).status).toBe(200));
  });
  afterEach(async () => {
    await haproxy.stop();
    for (const { server } of servers) {
      server.closeAllConnections();
      server.close();
    }
    rmSync(dir, { recursive: true });
  });

  const addHeader = (value: string): void => {
    const text = readFileSync(configuration, 'utf8').replace(/^ {4}http-response set-header X-Version .*\n/m, '');
    const rule = `    http-response set-header X-Version ${value}\n`;
    writeFileSync(configuration, text.replace('    use_backend', `${rule}    use_backend`));
  };

  it('fails no request, with other servers, another configuration and another program', async () => {
    const program = (await findHaproxy()) ?? '';
    const newer = join(dir, 'newer');
    for (const name of [basename(program), 'lib']) {
      const path = join(dirname(program), name);
      if (name !== 'lib' || existsSync(path)) cpSync(path, join(newer, name), { recursive: true });
    }
    const load = new Load(haproxy.url);
    await load.further(100);
    await haproxy.reload({ servers: backends().slice(0, 1) });
    await load.further(100);
    addHeader('two');
    await haproxy.reload({ servers: backends() });
    await eventually(async () => expect((await get()).headers['x-version']).toBe('two'));
    await load.further(100);
    await haproxy.reload({ servers: backends().slice(1), command: join(newer, basename(program)) });
    expect(readlinkSync(join(dir, 'haproxy/haproxy'))).toBe(join(newer, basename(program)));
    if (process.platform === 'linux') expect(readlinkSync(`/proc/${haproxy.pid}/exe`)).toContain(newer);
    await load.further(100);
    addHeader('three');
    await haproxy.reload({ servers: backends() });
    await load.further(300);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(new Set(load.seen.map(({ body }) => body))).toEqual(new Set(['gateway-1', 'gateway-2']));
    const versions = load.seen.map(({ headers }) => headers['x-version']);
    expect(new Set(versions)).toEqual(new Set([undefined, 'two', 'three']));
    // Connections that are kept have come to the present worker too.
    expect(new Set(versions.slice(-30))).toEqual(new Set(['three']));
  });

  it('goes on as it was when the new configuration is not valid', async () => {
    const before = worker();
    appendFileSync(configuration, '\nnonsense\n');
    await expect(haproxy.reload({ servers: [] })).rejects.toThrow(/HAProxy refuses its new configuration.*nonsense/);
    expect(worker()).toBe(before);
    expect((await get()).status).toBe(200);
  });

  it('finishes a request of before the reload, and ends for certain however it is ended', async () => {
    const old = worker();
    const before = await slowRequest();
    await haproxy.reload({ servers: backends() });
    expect((await before.response).status).toBe(200);
    await eventually(() => expect(isAlive(old)).toBe(false));
    const present = worker();
    process.kill(haproxy.pid, 'SIGKILL');
    await haproxy.exited;
    await eventually(() => expect(isAlive(present)).toBe(false));

    haproxy = await startHaproxy({ dataDir: join(dir, 'haproxy'), servers: backends(), configuration });
    process.kill(worker(), 'SIGKILL');
    await haproxy.exited;
    await expect(haproxy.reload({ servers: backends() })).rejects.toThrow('HAProxy is restarting');

    haproxy = await startHaproxy({ dataDir: join(dir, 'haproxy'), servers: backends(), configuration });
    const idle = connect(haproxy.port, '127.0.0.1');
    await new Promise((resolve) => idle.once('connect', resolve));
    const last = worker();
    const underWay = await slowRequest();
    await haproxy.stop();
    expect((await underWay.response).status).toBe(200);
    expect((await haproxy.exited).signal).not.toBe('SIGKILL');
    expect(isAlive(last)).toBe(false);
    idle.destroy();
  });
});
