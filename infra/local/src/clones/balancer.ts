import { setTimeout as delay } from 'node:timers/promises';
import { CliError, reason } from '@stoa/cli';
import { haproxyCommand } from '../servers/haproxy-command.js';
import type { HaproxyProcess } from '../processes/haproxy-process.js';
import { STREAMS_PER_GATEWAY, type Backend } from '../servers/haproxy.js';

// As `default-server` in haproxy.cfg, which servers that are added at run time do not get.
const CHECKS = 'check inter 400ms fastinter 200ms downinter 400ms fall 2 rise 1';
/** HAProxy's backends, each with all gateways, and the requests that a gateway has of each. */
const MOST_REQUESTS = { gateways: 128, streams: STREAMS_PER_GATEWAY };
const BACKENDS = ['gateways', 'streams'] as const;
type BackendName = (typeof BACKENDS)[number];
/** HAProxy may be restarting, or a new clone may have to pass its first check. */
const TIMEOUT_MS = 15_000;
/** Requests take 5 s at most, uploads may take longer: the gateway itself gives them ten seconds more. */
const DRAIN_TIMEOUT_MS = 30_000;
const POLL_MS = 50;

interface Server {
  readonly port: number;
  readonly isUp: boolean;
  /** Drained or in maintenance, by command. */
  readonly isHeld: boolean;
}

/**
 * Balancer exists to change which gateways get requests, and HAProxy itself, while requests are served; it works by
 * HAProxy's runtime commands, which cut no connection, and by its reload.
 */
export class Balancer {
  constructor(
    private readonly adminSocket: string,
    private readonly haproxy: HaproxyProcess,
  ) {}

  /** Adds a gateway, or admits it again. @throws CliError when HAProxy does not find it up within 15 s */
  async admit({ name, port }: Backend): Promise<void> {
    await until(TIMEOUT_MS, `HAProxy does not find ${name} up`, async () => {
      const admitted = await Promise.all(BACKENDS.map((backend) => this.admitTo(backend, name, port)));
      return admitted.every(Boolean);
    });
  }

  private async admitTo(backend: BackendName, name: string, port: number): Promise<boolean> {
    const server = (await this.servers(backend)).get(name);
    if (server?.port === port) return server.isUp && !server.isHeld;
    // An earlier one of this name.
    if (server) await this.delete(backend, name);
    const most = MOST_REQUESTS[backend];
    await this.command(`add server ${backend}/${name} 127.0.0.1:${port} ${CHECKS} maxconn ${most}`);
    await this.command(`enable health ${backend}/${name}`);
    await this.command(`enable server ${backend}/${name}`);
    return false;
  }

  /**
   * Sends a gateway no more requests; resolves when those under way are answered, or after 30 s.
   * @throws CliError when no other gateway is up
   */
  async drain(name: string): Promise<void> {
    await until(TIMEOUT_MS, `HAProxy finds no gateway but ${name} up`, async () => {
      const servers = [...(await this.servers('gateways'))];
      return servers.some(([other, { isUp, isHeld }]) => other !== name && isUp && !isHeld);
    });
    for (const backend of BACKENDS) await this.command(`set server ${backend}/${name} state drain`);
    // The gateway itself finishes requests that are still under way then.
    await until(DRAIN_TIMEOUT_MS, 'busy', async () => (await this.requests(name)) === 0).catch(() => undefined);
  }

  /** Takes over the present configuration, and a program if one is given; no request fails. @throws CliError */
  reload(program: string | undefined): Promise<void> {
    return this.haproxy.reload(program);
  }

  /** Forgets a gateway whose process has ended. @throws CliError when HAProxy still holds it after 15 s */
  async remove(name: string): Promise<void> {
    await until(TIMEOUT_MS, `HAProxy does not remove ${name}`, async () => {
      const deleted = await Promise.all(BACKENDS.map((backend) => this.delete(backend, name)));
      return deleted.every(Boolean);
    });
  }

  private async delete(backend: BackendName, name: string): Promise<boolean> {
    await this.command(`set server ${backend}/${name} state maint`);
    return /deleted|no such server/i.test(await this.command(`del server ${backend}/${name}`));
  }

  private async servers(backend: BackendName): Promise<Map<string, Server>> {
    const lines = (await this.command(`show servers state ${backend}`)).split('\n').slice(2);
    return new Map(
      lines.map((line) => {
        const [, , , name = '', , operational, administrative, ...more] = line.split(' ');
        return [name, { isUp: operational === '2', isHeld: administrative !== '0', port: Number(more[11]) }];
      }),
    );
  }

  /** How many requests a gateway has; 0 when HAProxy does not know it. */
  private async requests(name: string): Promise<number> {
    const [header = '', ...rows] = (await this.command('show stat')).split('\n');
    const at = header.replace('# ', '').split(',').indexOf('scur');
    const own = rows
      .map((line) => line.split(','))
      .filter(([proxy = '', server]) => proxy in MOST_REQUESTS && server === name);
    return own.reduce((sum, row) => sum + Number(row[at] ?? 0), 0);
  }

  private command(text: string): Promise<string> {
    return haproxyCommand(this.adminSocket, text);
  }
}

/** Polls until the condition holds. @throws CliError with `otherwise` and the last error */
async function until(timeoutMs: number, otherwise: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let why = '';
  while (performance.now() < deadline) {
    try {
      if (await condition()) return;
      why = '';
    } catch (error) {
      why = ` (${reason(error)})`;
    }
    await delay(POLL_MS);
  }
  throw new CliError(`${otherwise} within ${timeoutMs / 1000} s${why}`);
}
