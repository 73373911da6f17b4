import { join } from 'node:path';
import { CliError } from '@stoa/cli';
import { freePort } from '../machine/ports.js';
import type { Context } from '../plan/context.js';
import { findToxiproxy, startToxiproxy, type Proxy } from '../servers/toxiproxy.js';
import { logFile } from '../state-dir/files.js';
import { usualPort } from '../state-dir/usual-port.js';
import type { Supervisor } from './supervisor.js';

/**
 * ServerProxies exists so that tests can disturb the network between the services and each server; it works by a
 * Toxiproxy with one proxy per server, whose ports the services get instead of the servers' own.
 */
export class ServerProxies {
  private readonly proxies: Proxy[] = [];

  private constructor(
    private readonly stateDir: string,
    private readonly port: number,
  ) {}

  /** Starts Toxiproxy under supervision. @returns undefined where `--toxiproxy` is not set */
  static async start(
    { setup, stateDir, env, progress }: Context,
    supervisor: Supervisor,
  ): Promise<ServerProxies | undefined> {
    if (!setup.toxiproxy) return undefined;
    const command = findToxiproxy(env);
    const port = await freePort();
    const proxies = new ServerProxies(stateDir, port);
    const options = {
      port,
      command,
      logFile: logFile(stateDir, 'toxiproxy'),
      configFile: join(stateDir, 'run/toxiproxy.json'),
    };
    await progress.step('Toxiproxy', () =>
      supervisor.supervise({
        name: 'toxiproxy',
        kind: 'toxiproxy',
        port,
        // A restarted one gets the proxies that were added since.
        start: (starting) => startToxiproxy({ ...options, proxies: proxies.proxies, ...starting }),
      }),
    );
    return proxies;
  }

  /** Adds a proxy to a port of 127.0.0.1. @returns the proxy's own port, the same at each start of the stack */
  async add(name: string, upstream: number): Promise<number> {
    const port = await usualPort(this.stateDir, `toxiproxy-${name}`);
    const proxy = { name, listen: `127.0.0.1:${port}`, upstream: `127.0.0.1:${upstream}` };
    const response = await fetch(`http://127.0.0.1:${this.port}/proxies`, {
      method: 'POST',
      body: JSON.stringify({ ...proxy, enabled: true }),
    });
    if (!response.ok) throw new CliError(`Toxiproxy refused a proxy for ${name}: ${await response.text()}`);
    this.proxies.push(proxy);
    return port;
  }

  /** Adds a proxy to the server of a URL. @returns the URL with the proxy's port */
  async urlThrough(name: string, address: string): Promise<string> {
    const url = new URL(address);
    url.port = String(await this.add(name, Number(url.port)));
    return url.href;
  }
}
