import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { CliError } from '@stoa/cli';
import { freePort } from '../machine/ports.js';
import { run } from '../machine/run.js';
import { repoRoot } from '../state-dir/paths.js';
import { startChild, startingOf, type Running, type Starting } from './child.js';
import { findHaproxy } from './haproxy-binary.js';
import { HaproxyMaster } from './haproxy-master.js';
import { haproxySettings } from './haproxy-settings.js';
import { tellingLine } from './telling-line.js';

/** A server behind the balancer: a name for people and its port on 127.0.0.1. */
export interface Backend {
  name: string;
  port: number;
}

export interface HaproxyOptions extends Starting {
  /** For its generated configuration, its sockets and a link to its program. */
  dataDir: string;
  /** A free one if left out. */
  port?: number;
  servers: Backend[];
  logFile?: string;
  /** The path of the program; it is looked for if left out. */
  command?: string;
  /** The configuration before the servers; infra/haproxy/haproxy.cfg if left out. */
  configuration?: string;
  /** The settings of whoever starts it; those of this process if left out. */
  env?: NodeJS.ProcessEnv;
}

/** Requests of the backend `streams` that a gateway has at a time; docs/decisions/0031 says why they are apart. */
export const STREAMS_PER_GATEWAY = 16;

export interface HaproxyServer extends Running {
  port: number;
  url: string;
  /** Unix socket that takes HAProxy's runtime commands. */
  adminSocket: string;
  /**
   * Takes over the configuration file as it is now, these servers and this program without a failed request.
   * @throws CliError for a configuration that is not valid; HAProxy goes on as it was
   */
  reload(change: { servers: Backend[]; command?: string }): Promise<void>;
}

/** Requests under way at a stop get this long. The longest budget is 5 s, but a person waits for the stop. */
const DRAIN_TIMEOUT_MS = 3_000;

/**
 * Starts HAProxy on 127.0.0.1 in front of the servers, as a master process with a worker: each ends with the other.
 * It is ready as soon as it listens, with 503 until a server is ready.
 */
export async function startHaproxy(options: HaproxyOptions): Promise<HaproxyServer> {
  const command = options.command ?? (await findHaproxy());
  if (!command)
    throw new CliError('HAProxy is neither on PATH nor to be had by pip: install it (macOS: brew install haproxy)');
  const { dataDir } = options;
  const port = options.port ?? (await freePort());
  const [adminSocket, masterSocket] = [join(dataDir, 'admin.sock'), join(dataDir, 'master.sock')];
  // The master starts itself again by this path: a link can lead to another program then.
  const program = join(dataDir, 'haproxy');
  const serversFile = join(dataDir, 'servers.cfg');
  const files = ['-f', options.configuration ?? join(repoRoot, 'infra/haproxy/haproxy.cfg'), '-f', serversFile];
  const given = options.env ?? process.env;
  const env = { ...given, ...haproxySettings(given, port), STOA_HAPROXY_SOCKET: adminSocket };
  await mkdir(dataDir, { recursive: true });
  await Promise.all([adminSocket, masterSocket].map((socket) => rm(socket, { force: true })));
  await link(program, command);
  await writeFile(serversFile, serversConfiguration(options.servers));
  const running = await startChild({
    ...startingOf(options),
    name: 'HAProxy',
    command: program,
    args: ['-W', '-db', '-S', `${masterSocket},mode,600`, ...files],
    env,
    logFile: options.logFile ?? join(dataDir, 'haproxy.log'),
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 1_000,
    probe: () => listens(port),
  });
  const master = new HaproxyMaster(running.pid, masterSocket);
  let hasEnded = false;
  void running.exited.finally(() => (hasEnded = true)).catch(() => undefined);
  const reload: HaproxyServer['reload'] = async (change) => {
    if (hasEnded) throw new CliError('HAProxy is restarting, with the new configuration: try again when it runs');
    const changed = join(dataDir, 'servers.cfg.new');
    await writeFile(changed, serversConfiguration(change.servers));
    await check(change.command ?? command, files.with(-1, changed), env);
    await rename(changed, serversFile);
    if (change.command) await link(program, change.command);
    await master.reload();
  };
  const stop = async (): Promise<void> => {
    if (!hasEnded) await master.drain(DRAIN_TIMEOUT_MS);
    await running.stop();
  };
  return { ...running, stop, reload, port, url: `http://127.0.0.1:${port}`, adminSocket };
}

/** Makes `path` a link to `target`, replacing an earlier one at once. */
async function link(path: string, target: string): Promise<void> {
  await rm(`${path}.new`, { force: true });
  await symlink(target, `${path}.new`);
  await rename(`${path}.new`, path);
}

/** @throws CliError with the first error of the configuration */
async function check(command: string, files: string[], env: NodeJS.ProcessEnv): Promise<void> {
  const { code, output } = await run(command, ['-c', ...files], { env, timeoutMs: 10_000 });
  if (code !== 0)
    throw new CliError(`HAProxy refuses its new configuration, and goes on as it was: ${tellingLine(output)}`);
}

/**
 * As infra/haproxy/servers.docker.cfg. A gateway that is silent for longer than any budget is frozen; an upload's body
 * may take minutes.
 */
const BACKENDS = {
  gateways: ['    timeout server 15s'],
  streams: ['    http-request set-timeout server 15s if METH_GET', `    default-server maxconn ${STREAMS_PER_GATEWAY}`],
};

function serversConfiguration(servers: Backend[]): string {
  const lines = servers.map(({ name, port }) => `    server ${name} 127.0.0.1:${port}`);
  const sections = Object.entries(BACKENDS).map(([name, settings]) =>
    [`backend ${name} from http`, '    balance leastconn', ...settings, ...lines, ''].join('\n'),
  );
  return sections.join('\n');
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
