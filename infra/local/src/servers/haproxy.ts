import { mkdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { CliError } from '@stoa/cli';
import { repoRoot } from '../state-dir/paths.js';
import { freePort } from '../machine/ports.js';
import { startChild, startingOf, type Running, type Starting } from './child.js';
import { findHaproxy } from './haproxy-binary.js';

/** A server behind the balancer: a name for people and its port on 127.0.0.1. */
export interface Backend {
  name: string;
  port: number;
}

export interface HaproxyOptions extends Starting {
  /** For its generated configuration and its admin socket. */
  dataDir: string;
  /** A free one if left out. */
  port?: number;
  servers: Backend[];
  logFile?: string;
  /** The program, if it was looked for before. */
  command?: string;
}

export interface HaproxyServer extends Running {
  port: number;
  url: string;
  /** Unix socket that takes HAProxy's runtime commands. */
  adminSocket: string;
}

/** Starts HAProxy on 127.0.0.1 in front of the servers. It answers as soon as it listens, with 503 until a server is ready. */
export async function startHaproxy(options: HaproxyOptions): Promise<HaproxyServer> {
  const command = options.command ?? (await findHaproxy());
  if (!command)
    throw new CliError('HAProxy is neither on PATH nor to be had by pip: install it (macOS: brew install haproxy)');
  const port = options.port ?? (await freePort());
  await mkdir(options.dataDir, { recursive: true });
  const adminSocket = join(options.dataDir, 'admin.sock');
  await rm(adminSocket, { force: true });
  const servers = join(options.dataDir, 'servers.cfg');
  await writeFile(servers, serversConfiguration(options.servers));
  const environment = {
    STOA_HAPROXY_BIND: `127.0.0.1:${port}`,
    STOA_HAPROXY_SOCKET: adminSocket,
    STOA_HAPROXY_THREADS: '1', // one core of HAProxy outruns all clones that fit on this machine
  };
  const running = await startChild({
    ...startingOf(options),
    name: 'HAProxy',
    command,
    args: ['-db', '-f', join(repoRoot, 'infra/haproxy/haproxy.cfg'), '-f', servers],
    env: { ...process.env, ...environment },
    logFile: options.logFile ?? join(options.dataDir, 'haproxy.log'),
    stopSignal: 'SIGUSR1', // takes no new connections and ends when the requests under way are answered
    stopTimeoutMs: 3_000,
    probe: () => listens(port),
  });
  return { ...running, port, url: `http://127.0.0.1:${port}`, adminSocket };
}

/** As infra/haproxy/servers.docker.cfg: a gateway that is silent for longer than any budget is frozen. An upload's body may take minutes. */
const BACKEND = `backend gateways from http
    balance leastconn
    http-request set-timeout server 15s if METH_GET or { req.hdr(content-type) -m beg application/json }`;

function serversConfiguration(servers: Backend[]): string {
  const lines = servers.map(({ name, port }) => `    server ${name} 127.0.0.1:${port}`);
  return [BACKEND, ...lines, ''].join('\n');
}

function listens(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
  });
}

/** Sends one command to HAProxy's admin socket and returns its answer, e.g. `show servers state`. */
export function haproxyCommand(adminSocket: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(adminSocket);
    let answer = '';
    socket.setEncoding('utf8');
    socket.setTimeout(5_000, () => socket.destroy(new Error('HAProxy did not answer within 5 s')));
    socket.once('error', reject);
    socket.on('data', (chunk: string) => (answer += chunk));
    socket.once('end', () => resolve(answer.trim()));
    socket.once('connect', () => socket.end(`${command}\n`));
  });
}
