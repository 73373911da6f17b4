import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir, freePort, repoRoot } from '@stoa/local';
import type { Role } from './processes.js';

/** A running stack to measure, with data and port of its own. It has no rate limits: they would measure themselves. */
export interface Stack {
  readonly url: string;
  readonly stateDir: string;
  readonly roles: readonly Role[];
  /** One of the gateway's clones, for requests without the load balancer. */
  readonly gateway: { readonly url: string; readonly role: Role };
  /** The process that has started all others. */
  readonly supervisor: number;
  readonly operator: { readonly email: string; readonly password: string };
  /** The processes that run now. */
  processes(): Promise<Process[]>;
  /** Sets how many clones of an app run, as `npm run clones` does. */
  setClones(app: string, count: number): Promise<void>;
  stop(): Promise<void>;
}

export interface Process {
  readonly name: string;
  readonly pid: number;
  readonly port: number | null;
  readonly adminPort: number | null;
}

function oneGateway(processes: readonly Process[]): Stack['gateway'] {
  const clone = processes.find(({ name }) => name === 'gateway-1');
  if (!clone) throw new Error('the stack has no gateway-1');
  return { url: `http://127.0.0.1:${clone.port}`, role: { name: 'gateway', pids: [clone.pid] } };
}

function pidOf(wanted: string, processes: readonly Process[]): number {
  const found = processes.find(({ name }) => name === wanted);
  if (!found) throw new Error(`the stack has no ${wanted}`);
  return found.pid;
}

/** The clones of an app among them. */
export const clonesOf = (app: string, processes: readonly Process[]): Process[] =>
  processes.filter(({ name }) => new RegExp(`^${app}-\\d+$`).test(name));

const roleOf = (name: string): string =>
  /^(gateway|profile|catalog|cart|order|payment|shards)-\d+$/.exec(name)?.[1] ??
  { kafka: 'Kafka', redis: 'Redis', haproxy: 'HAProxy', supervisor: 'supervisor' }[name] ??
  'Postgres';

function groupByRole(processes: readonly Process[]): Role[] {
  const roles = new Map<string, number[]>();
  for (const { name, pid } of processes) {
    const role = roleOf(name);
    // The supervisor does nothing for a request, and is the parent of all that do.
    if (role !== 'supervisor') roles.set(role, [...(roles.get(role) ?? []), pid]);
  }
  return [...roles].map(([name, pids]) => ({ name, pids }));
}

/**
 * Starts a stack as `npm start` does, and waits until it is ready.
 * @param words more of `npm start`'s @throws when it does not start
 */
export async function startStack(words: readonly string[] = []): Promise<Stack> {
  const operator = { email: 'operator@stoa.bench', password: 'a password only for benchmarks' };
  const port = await freePort();
  const stateDir = join(repoRoot, '.stoa/bench');
  const env = {
    ...process.env,
    STOA_STATE_DIR: stateDir,
    STOA_CACHE_DIR: cacheDir(),
    STOA_PORT: String(port),
    STOA_OPERATOR_EMAIL: operator.email,
    STOA_OPERATOR_PASSWORD: operator.password,
    RATE_LIMITS: 'off',
  };
  const stoa = (...args: string[]) =>
    promisify(execFile)(process.execPath, [join(repoRoot, 'infra/local/bootstrap.mjs'), ...args], {
      cwd: repoRoot,
      env,
    });
  const processes = async (): Promise<Process[]> => {
    const { stdout } = await stoa('status', '--json');
    return (JSON.parse(stdout) as { processes: Process[] }).processes;
  };
  await stoa('start', '--detach', ...words);
  const first = await processes();
  return {
    url: `http://127.0.0.1:${port}`,
    stateDir,
    roles: groupByRole(first),
    gateway: oneGateway(first),
    supervisor: pidOf('supervisor', first),
    operator,
    processes,
    setClones: async (app, count) => {
      await stoa('clones', `${app}=${count}`);
    },
    stop: async () => {
      await stoa('stop');
    },
  };
}
