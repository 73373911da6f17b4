import { readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, repoRoot, startChild, type Exit } from '@stoa/local';
import { uniqueName } from './unique-name.js';

export interface CloneOptions {
  /**
   * Added to the fixed variables that every clone gets, and winning over them. An undefined value removes a variable.
   */
  env?: Record<string, string | undefined>;
  /** Milliseconds to wait until it is ready. */
  readyTimeoutMs?: number;
}

export interface Clone {
  name: string;
  pid: number;
  adminPort: number;
  httpPort: number;
  /** All it has written so far. */
  logs(): string;
  /** Settles when the process has ended. */
  exited: Promise<Exit>;
  /** SIGTERM; SIGKILL after 15 s. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

/**
 * Starts a built app (`apps/<app>/dist/main.js`) as a process of its own against the test servers and waits until it is
 * ready.
 */
export async function startClone(app: string, options: CloneOptions = {}): Promise<Clone> {
  const name = uniqueName(app);
  const [adminPort, httpPort] = [await freePort(), await freePort()];
  const dir = await mkdtemp(join(tmpdir(), `stoa-${name}-`));
  const logFile = join(dir, 'clone.log');
  // Its log goes with it when this process ends; whoever wants to read it does so before.
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
  const running = await startChild({
    name,
    command: join(repoRoot, 'node_modules/.bin/node'),
    args: [join(repoRoot, 'apps', app, 'dist/main.js')],
    env: { ...process.env, ...fixedEnvironment(name, adminPort, httpPort), ...options.env },
    cwd: repoRoot,
    logFile,
    stopSignal: 'SIGTERM',
    readyTimeoutMs: options.readyTimeoutMs ?? 180_000,
    probe: async () => {
      const response = await fetch(`http://127.0.0.1:${adminPort}/health/ready`, {
        signal: AbortSignal.timeout(2_000),
      });
      if (response.status !== 200) throw new Error(`not ready: ${await response.text()}`);
    },
  });
  return { ...running, name, adminPort, httpPort, logs: () => readFileSync(logFile, 'utf8') };
}

function fixedEnvironment(clone: string, adminPort: number, httpPort: number): Record<string, string | undefined> {
  return {
    STOA_CLONE: clone,
    HOST: '127.0.0.1',
    PORT: String(httpPort),
    ADMIN_PORT: String(adminPort),
    KAFKA_BROKERS: process.env.STOA_TEST_KAFKA_BROKERS,
    REDIS_URL: process.env.STOA_TEST_REDIS_URL,
    NODE_ENV: 'production',
    NODE_OPTIONS: undefined, // Jest's own flags are not for the clone
    LOG_LEVEL: 'info',
    // Work that waits for a second connection of a pool fails at once, not only when the pool is empty.
    STOA_CHECK_POOLS: '1',
  };
}
