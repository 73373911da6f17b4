import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir, freePort, repoRoot } from '@stoa/local';
import type { State } from '../src/state-dir/state.js';

// Real servers and a real supervisor around minimal services: they respond with their name, die or wait on request, and
// end at once on SIGTERM, so that a client that waits for a response then shows a missing drain.
const MAIN = `
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
const { STOA_CLONE, ADMIN_PORT, PORT, HOST } = process.env;
if (process.env.FAKE_BROKEN === STOA_CLONE.split('-')[0] || existsSync(new URL('broken', import.meta.url))) {
  console.error(JSON.stringify({ level: 'fatal', msg: 'FAKE_BROKEN says so' }));
  process.exit(3);
}
const respond = (request, response) => {
  if (request.url === '/die') process.exit(7);
  if (request.url === '/slow') return setTimeout(() => response.end(STOA_CLONE), 150);
  response.end(request.url === '/env' ? JSON.stringify(process.env) : STOA_CLONE);
};
createServer(respond).listen(ADMIN_PORT, HOST);
if (PORT) createServer(respond).listen(PORT, HOST);
process.on('SIGTERM', () => process.exit(0));
console.log(STOA_CLONE + ' listens');
`;
const MIGRATE = `
import { writeFileSync } from 'node:fs';
const [name] = Object.keys(process.env).filter((each) => /_(DATABASE_URL|SHARDS)$/.test(each));
if (process.env.FAKE_BAD_MIGRATION === name) { console.error('relation "x" already exists'); process.exit(1); }
writeFileSync(new URL('../../../migrated-' + name, import.meta.url), JSON.stringify(process.env));
`;

export interface FakeStack {
  dir: string;
  port: number;
  /** Runs a command of the stack to its end. */
  run(words: string[], env?: NodeJS.ProcessEnv): Promise<{ code: number; stdout: string; stderr: string }>;
  /** Starts the stack in the foreground; resolves when it is ready, rejects with what it said if it ends before. */
  up(words?: string[], env?: NodeJS.ProcessEnv): Promise<Foreground>;
  state(): Promise<State>;
  remove(): Promise<void>;
}

export interface Foreground {
  child: ChildProcess;
  output(): string;
  /** The exit code. */
  ended: Promise<number | null>;
}

/**
 * A stack in a folder of its own: gateway ×2 and cart ×1 with one Postgres server, Kafka, Redis and HAProxy; with
 * FAKE_SHARDED in the environment also profile ×1, whose data are sharded.
 */
export async function fakeStack(): Promise<FakeStack> {
  const dir = await mkdtemp(join(tmpdir(), 'stoa-fake-'));
  await chmod(dir, 0o711);
  for (const app of ['gateway', 'cart', 'profile']) {
    await mkdir(join(dir, 'apps', app, 'dist'), { recursive: true });
    await writeFile(join(dir, 'apps', app, 'package.json'), '{"type":"module"}');
    await writeFile(join(dir, 'apps', app, 'dist/main.js'), MAIN);
    await writeFile(join(dir, 'apps', app, 'dist/migrate.js'), MIGRATE);
  }
  await writeFile(join(dir, 'main.mjs'), script(dir));
  const port = await freePort();
  const environment = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => {
    const { NODE_OPTIONS: _, KAFKA_BROKERS: __, REDIS_URL: ___, ...rest } = process.env;
    const own = { STOA_STATE_DIR: join(dir, 'state'), STOA_CACHE_DIR: cacheDir(), STOA_PORT: String(port) };
    return { ...rest, ...own, ...more };
  };
  const foregrounds: Foreground[] = [];
  return {
    dir,
    port,
    run: (words, env) => runToEnd([join(dir, 'main.mjs'), ...words], environment(env)),
    up: async (words = [], env = {}) => {
      const foreground = startForeground(join(dir, 'main.mjs'), words, environment(env));
      foregrounds.push(foreground);
      await untilReady(foreground);
      return foreground;
    },
    state: async () => JSON.parse(await readFile(join(dir, 'state/run/state.json'), 'utf8')) as State,
    remove: async () => {
      for (const { child, ended } of foregrounds) {
        child.kill('SIGTERM');
        await ended;
      }
      await runToEnd([join(dir, 'main.mjs'), 'stop'], environment());
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function script(dir: string): string {
  const service = { postgres: 'main', redis: true, operator: false, heapMb: 64 };
  const sharded = {
    app: 'profile',
    clones: 1,
    keyspaces: ['profile'],
    http: false,
    redis: false,
    operator: false,
    heapMb: 64,
  };
  const topology = {
    shards: 1,
    directory: 'main',
    services: [
      { ...service, app: 'cart', clones: 1, http: false, operator: true },
      { ...service, app: 'gateway', clones: 2, http: true },
    ],
  };
  return `
import { main } from ${JSON.stringify(join(repoRoot, 'infra/local/dist/main.js'))};
const place = ${JSON.stringify({ topology, appsDir: join(dir, 'apps') })};
if (process.env.FAKE_SHARDED) place.topology.services.unshift(${JSON.stringify(sharded)});
const [verb, ...words] = process.argv.slice(2);
process.exit(await main(verb, words, place));
`;
}

async function runToEnd(args: string[], env: NodeJS.ProcessEnv): ReturnType<FakeStack['run']> {
  const options = { env, timeout: 100_000, maxBuffer: 1 << 24 };
  return promisify(execFile)(process.execPath, args, options).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code?: number; stdout: string; stderr: string }) => ({ code: error.code ?? -1, ...pick(error) }),
  );
}

function pick({ stdout, stderr }: { stdout: string; stderr: string }): { stdout: string; stderr: string } {
  return { stdout, stderr };
}

function startForeground(path: string, words: string[], env: NodeJS.ProcessEnv): Foreground {
  const child = spawn(process.execPath, [path, 'start', ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return { child, output: () => output, ended };
}

function untilReady({ child, output, ended }: Foreground): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', () => output().includes('Ready after') && resolve());
    void ended.then(() => reject(new Error(output())));
  });
}
