import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Balancer } from '../clones/balancer.js';
import { cloneEnvironment, migrationEnvironment } from '../clones/clone-environment.js';
import { cloneProcess } from '../clones/clone-process.js';
import { Clones } from '../clones/clones.js';
import { migrateService } from '../clones/migrations.js';
import { loadSample } from '../data/sample.js';
import { CliError, reason } from '@stoa/cli';
import { httpGet } from '../machine/http.js';
import { freePort } from '../machine/ports.js';
import type { Addresses, Context } from '../plan/context.js';
import type { Service } from '../plan/topology.js';
import { HaproxyProcess } from '../processes/haproxy-process.js';
import type { Supervisor } from '../processes/supervisor.js';
import { allSettledOrThrow } from '../machine/all-settled.js';
import { environmentFile } from '../state-dir/files.js';
import { cacheDir } from '../state-dir/paths.js';
import type { Backend } from '../servers/haproxy.js';
import { startServers } from './start-servers.js';

const SHOP_TIMEOUT_MS = 30_000;
const POLL_MS = 100;

/** A stack that is up. */
export interface RunningStack {
  /** Where the shop answers; undefined without a gateway. */
  url: string | undefined;
  clones: Clones;
}

/**
 * Brings the stack up, in this order: servers side by side → databases and migrations → clones side by side →
 * load balancer → the shop answers → sample catalog (first start only).
 */
export async function bringUp(context: Context, supervisor: Supervisor): Promise<RunningStack> {
  const { setup, progress } = context;
  if (!existsSync(cacheDir())) progress.line('  The first start downloads Kafka, Redis and HAProxy, once.');
  const { addresses, haproxy } = await startServers(context, supervisor);
  await progress.step('migrations', () =>
    allSettledOrThrow(setup.services.map((service) => migrateService(context, addresses, service))),
  );
  await startClones(context, supervisor, addresses, haproxy !== undefined);
  writeEnvironments(context, addresses);
  const url = setup.services.some(({ http }) => http) ? `http://127.0.0.1:${setup.port}` : undefined;
  let balancer: Balancer | undefined;
  if (url) {
    if (haproxy) balancer = await startBalancer(context, supervisor, haproxy);
    await progress.step('shop', () => untilShopResponds(context, url, supervisor.gateways()));
    await loadSample(context, url);
  }
  return { url, clones: new Clones(context, addresses, supervisor, balancer) };
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
    const clone = await cloneProcess(context, addresses, service, name, httpPort);
    await progress.step(name, () => supervisor.supervise(clone));
  };
  const all = setup.services.flatMap((service) => {
    const count = service.http && !balanced ? 1 : service.clones;
    if (count < service.clones) progress.line('  ! no HAProxy on PATH or by pip: one gateway clone, no load balancer');
    return Array.from({ length: count }, (_, n) => start(service, `${service.app}-${n + 1}`));
  });
  await allSettledOrThrow(all);
}

async function startBalancer(context: Context, supervisor: Supervisor, program: string): Promise<Balancer> {
  const haproxy = new HaproxyProcess(context.stateDir, context.setup.port, () => supervisor.gateways(), program);
  const { adminSocket } = await context.progress.step('HAProxy', () => supervisor.supervise(haproxy.spec));
  supervisor.setBalancerSocket(adminSocket);
  return new Balancer(adminSocket, haproxy);
}

/** A route of each service: 404 until a gateway has learned it. */
const ROUTES: Readonly<Record<string, string>> = {
  cart: '/v1/cart',
  catalog: '/v1/products?limit=1',
  order: '/v1/orders',
  payment: '/v1/payments',
  profile: '/v1/me',
  shards: '/v1/shards',
};

/** Services publish their routes while they start; the shop is open when each gateway has learned them all. */
async function untilShopResponds(context: Context, url: string, gateways: readonly Backend[]): Promise<void> {
  const apps = context.setup.services.map(({ app }) => app);
  const first = apps.includes('catalog') ? '/v1/products?limit=1' : '/health/ready';
  const deadline = Date.now() + SHOP_TIMEOUT_MS;
  await untilResponds(url, first, deadline, (status) => status === 200);
  const routes = apps.flatMap((app) => ROUTES[app] ?? []);
  const probes = gateways.flatMap(({ port }) => routes.map((route) => ({ at: `http://127.0.0.1:${port}`, route })));
  await allSettledOrThrow(
    probes.map(({ at, route }) => untilResponds(at, route, deadline, (status) => status !== 404)),
  );
}

async function untilResponds(
  url: string,
  route: string,
  deadline: number,
  isGood: (status: number) => boolean,
): Promise<void> {
  for (;;) {
    const trouble = await httpGet(`${url}${route}`).then(
      ({ status, body }) => (isGood(status) ? undefined : `${status}: ${body.slice(0, 200)}`),
      (error: unknown) => reason(error),
    );
    if (trouble === undefined) return;
    if (Date.now() > deadline) throw new CliError(`the shop does not answer GET ${route} (${trouble})`);
    await delay(POLL_MS);
  }
}

/** Writes the environment of each service that somebody runs by hand to a file that only its owner can read. */
function writeEnvironments(context: Context, addresses: Addresses): void {
  mkdirSync(join(context.stateDir, 'run'), { recursive: true });
  for (const service of context.setup.leftOut) {
    const ports = { admin: 0, ...(service.http && { http: context.setup.port }) };
    const env = {
      ...cloneEnvironment(context, addresses, service, `${service.app}-1`, ports),
      ...migrationEnvironment(addresses, service),
    };
    const lines = Object.entries(env).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(environmentFile(context.stateDir, service.app), lines.join(''), { mode: 0o600 });
  }
}
