import { join } from 'node:path';
import { CliError } from '@stoa/cli';
import { freePort } from '../machine/ports.js';
import { findToxiproxy, startToxiproxy, type Proxy } from '../servers/toxiproxy.js';
import type { Context } from '../plan/context.js';
import { logFile, usualPort } from './server-processes.js';
import type { Supervisor } from './supervisor.js';

/** Where Toxiproxy stands before the servers, so that tests can disturb the network between the services and each of them. */
export class Proxies {
  private readonly proxies: Proxy[] = [];

  private constructor(
    private readonly stateDir: string,
    private readonly port: number,
  ) {}

  /** Undefined where it was not asked for. */
  static async start(
    { setup, stateDir, env, progress }: Context,
    supervisor: Supervisor,
  ): Promise<Proxies | undefined> {
    if (!setup.toxiproxy) return undefined;
    const command = findToxiproxy(env);
    const port = await freePort();
    const proxies = new Proxies(stateDir, port);
    const options = { port, command, logFile: logFile(stateDir, 'toxiproxy') };
    const configFile = join(stateDir, 'run/toxiproxy.json');
    await progress.step('Toxiproxy', () =>
      supervisor.keep({
        name: 'toxiproxy',
        kind: 'toxiproxy',
        port,
        // One that starts again has the proxies that were made meanwhile.
        start: (starting) => startToxiproxy({ ...options, configFile, proxies: proxies.proxies, ...starting }),
      }),
    );
    return proxies;
  }

  /** @returns a port that leads to `upstream` from now on, the same at each start */
  async before(name: string, upstream: number): Promise<number> {
    const port = await usualPort(this.stateDir, `toxiproxy-${name}`);
    const proxy = { name, listen: `127.0.0.1:${port}`, upstream: `127.0.0.1:${upstream}` };
    const answer = await fetch(`http://127.0.0.1:${this.port}/proxies`, {
      method: 'POST',
      body: JSON.stringify({ ...proxy, enabled: true }),
    });
    if (!answer.ok) throw new CliError(`Toxiproxy makes no proxy for ${name}: ${await answer.text()}`);
    this.proxies.push(proxy);
    return port;
  }

  /** The same address by way of a proxy. */
  async through(name: string, address: string): Promise<string> {
    const url = new URL(address);
    url.port = String(await this.before(name, Number(url.port)));
    return url.href;
  }
}
