import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CliError, reason } from '@stoa/cli';
import { cacheDir } from '../state-dir/paths.js';
import { freePort } from '../machine/ports.js';
import type { Service } from '../plan/topology.js';
import { Balancer } from '../clones/balancer.js';
import { cloneEnvironment, cloneMember, migrateService, migrationEnvironment } from '../clones/clone-process.js';
import type { Addresses, Context } from '../plan/context.js';
import { Fleet } from '../clones/clones.js';
import { httpGet } from '../machine/http.js';
import { haproxyMember } from '../processes/server-processes.js';
import { allSettledOrThrow } from '../machine/all-settled.js';
import { loadSample } from '../data/sample.js';
import { startServers } from './start-servers.js';
import type { Supervisor } from '../processes/supervisor.js';

const SHOP_PATIENCE_MS = 30_000;

/** A stack that is up. */
export interface Up {
  /** Where the shop answers; undefined when no gateway was asked for. */
  url: string | undefined;
  fleet: Fleet;
}

/**
 * The order in which the stack comes up: servers side by side → databases and migrations → clones side by side → load balancer →
 * the shop answers → sample catalog (first start only).
 */
export async function bringUp(context: Context, supervisor: Supervisor): Promise<Up> {
  const { setup, progress } = context;
  if (!existsSync(cacheDir())) progress.line('  The first start downloads Kafka, Redis and HAProxy, once.');
  const { addresses, balancer } = await startServers(context, supervisor);
  await progress.step('migrations', () =>
    allSettledOrThrow(setup.services.map((service) => migrateService(context, addresses, service))),
  );
  await startClones(context, supervisor, addresses, balancer !== undefined);
  writeEnvironments(context, addresses);
  const url = setup.services.some(({ http }) => http) ? `http://127.0.0.1:${setup.port}` : undefined;
  let runtime: Balancer | undefined;
  if (url) {
    if (balancer) runtime = await startBalancer(context, supervisor, balancer);
    await progress.step('shop', () => shopAnswers(context, url));
    await loadSample(context, url);
  }
  return { url, fleet: new Fleet(context, addresses, supervisor, runtime) };
}

async function startClones(
  context: Context,
  supervisor: Supervisor,
  addresses: Addresses,
  balanced: boolean,
): Promise<void> {
  const { setup, progress } = context;
  const start = async (service: Service, name: string): Promise<void> => {
    const httpPort = !service.http ? undefined : balanced ? await freePort() : setup.port;
    const member = await cloneMember(context, addresses, service, name, httpPort);
    await progress.step(name, () => supervisor.keep(member));
  };
  const all = setup.services.flatMap((service) => {
    const count = service.http && !balanced ? 1 : service.clones;
    if (count < service.clones) progress.line('  ! no HAProxy on PATH or by pip: one gateway clone, no load balancer');
    return Array.from({ length: count }, (_, n) => start(service, `${service.app}-${n + 1}`));
  });
  await allSettledOrThrow(all);
}

async function startBalancer(context: Context, supervisor: Supervisor, program: string): Promise<Balancer> {
  const member = haproxyMember(context.stateDir, context.setup.port, () => supervisor.gateways(), program);
  const { adminSocket } = await context.progress.step('HAProxy', () => supervisor.keep(member));
  supervisor.balancedThrough(adminSocket);
  return new Balancer(adminSocket);
}

/** Services publish their routes while they start; the shop is open when the gateways have learned them. */
async function shopAnswers(context: Context, url: string): Promise<void> {
  const first = context.setup.services.some(({ app }) => app === 'catalog') ? '/v1/products?limit=1' : '/health/ready';
  const deadline = Date.now() + SHOP_PATIENCE_MS;
  for (;;) {
    const trouble = await httpGet(`${url}${first}`).then(
      ({ status, body }) => (status === 200 ? undefined : `${status}: ${body.slice(0, 200)}`),
      (error: unknown) => reason(error),
    );
    if (trouble === undefined) return;
    if (Date.now() > deadline) throw new CliError(`the shop does not answer GET ${first} (${trouble})`);
    await delay(100);
  }
}

/** For services that somebody runs by hand: the environment of such a clone, in a file that only its owner can read. */
function writeEnvironments(context: Context, addresses: Addresses): void {
  const dir = join(context.stateDir, 'run');
  mkdirSync(dir, { recursive: true });
  for (const service of context.setup.leftOut) {
    const ports = { admin: 0, ...(service.http ? { http: context.setup.port } : {}) };
    const own = cloneEnvironment(context, addresses, service, `${service.app}-1`, ports);
    const env = { ...own, ...migrationEnvironment(addresses, service) };
    const lines = Object.entries(env).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(environmentFile(context.stateDir, service.app), lines.join(''), { mode: 0o600 });
  }
}

/** Where the environment of a service that was left out stands. */
export function environmentFile(stateDir: string, app: string): string {
  return join(stateDir, 'run', `${app}.env`);
}
