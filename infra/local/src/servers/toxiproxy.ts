import { accessSync, constants } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { CliError } from '@stoa/cli';
import { onPath } from '../machine/run.js';
import { startChild, startingOf, type Running, type Starting } from './child.js';

/** A port on 127.0.0.1 that leads to another one. */
export interface Proxy {
  name: string;
  listen: string;
  upstream: string;
}

export interface ToxiproxyOptions extends Starting {
  /** Of its API. */
  port: number;
  command: string;
  /** The proxies that it starts with; its API adds more. */
  proxies: readonly Proxy[];
  configFile: string;
  logFile: string;
}

export interface ToxiproxyServer extends Running {
  url: string;
}

/** Toxiproxy makes a network slow, lossy or silent on command. Nothing of a shop needs it: tests of faults do. */
export async function startToxiproxy(options: ToxiproxyOptions): Promise<ToxiproxyServer> {
  const { port, command, proxies, configFile, logFile } = options;
  await writeFile(configFile, JSON.stringify(proxies.map((proxy) => ({ ...proxy, enabled: true }))));
  const url = `http://127.0.0.1:${port}`;
  const running = await startChild({
    ...startingOf(options),
    name: 'Toxiproxy',
    command,
    // Else it writes several lines for each connection.
    env: { ...process.env, LOG_LEVEL: 'error' },
    args: ['-host', '127.0.0.1', '-port', String(port), '-config', configFile],
    logFile,
    stopSignal: 'SIGTERM',
    probe: async () => {
      if (!(await fetch(`${url}/version`)).ok) throw new Error('not yet');
    },
  });
  return { ...running, url };
}

/** The program that the environment names, or the one on PATH. @throws CliError when there is none */
export function findToxiproxy(env: NodeJS.ProcessEnv): string {
  const named = env.TOXIPROXY_SERVER;
  const found = named ?? onPath('toxiproxy-server');
  if (!found) throw new CliError('--toxiproxy needs toxiproxy-server on PATH, or TOXIPROXY_SERVER with its path');
  try {
    accessSync(found, constants.X_OK);
    return found;
  } catch {
    throw new CliError(`TOXIPROXY_SERVER names ${named}, which can't be run`);
  }
}
