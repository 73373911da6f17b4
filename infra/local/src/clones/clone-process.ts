import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '@stoa/cli';
import { freePort } from '../machine/ports.js';
import { run } from '../machine/run.js';
import { startChild, type Running } from '../servers/child.js';
import type { Service } from '../plan/topology.js';
import type { Addresses, Context } from '../plan/context.js';
import { httpDelete, httpGet } from '../machine/http.js';
import type { Member } from '../processes/supervised-process.js';
import { logFile } from '../processes/server-processes.js';
import { databaseVariable, shardsVariable } from '../plan/setup.js';
import { appOf, readState } from '../state-dir/state.js';

/** What a clone answers requests with, besides health and metrics. */
export interface ClonePorts {
  admin: number;
  http?: number;
}

/** How V8 collects garbage, which is more than a third of a busy cart's CPU otherwise. */
const V8_FLAGS = [
  // V8's default, said aloud: with 4 MB what is in flight outlives its generation under load.
  '--max-semi-space-size=16',
  // An old generation may grow by 120 % before it is collected. V8 allows a heap of our size 30 %, so that each two seconds threads
  // beside the main one walk through 40 MB to find the few that went: 29 % of a cart's CPU with 30, 12 to 15 with 120.
  '--heap-growing-percent=120',
  // Of the few MB that survive in a young generation each thread gets so little that finding it costs more.
  '--no-parallel-scavenge',
];

/** A clone of a service as a member of the stack. */
export async function cloneMember(
  context: Context,
  addresses: Addresses,
  service: Service,
  name: string,
  httpPort?: number,
): Promise<Member<Running>> {
  const script = builtScript(context, service.app, 'main.js');
  const ports = { admin: await freePort(), ...(httpPort === undefined ? {} : { http: httpPort }) };
  const env = { ...inherited(context.env), ...cloneEnvironment(context, addresses, service, name, ports) };
  const options = {
    name,
    command: context.node,
    args: [`--max-old-space-size=${service.heapMb}`, ...V8_FLAGS, script],
    env,
    cwd: context.stateDir,
    logFile: logFile(context.stateDir, name),
    stopSignal: 'SIGTERM' as const,
    // Services wait for Kafka and Postgres: these come first, and what they have done by then comes together. A gateway must not
    // wait: when more is asked than can be done, it is to say so at once.
    givesWay: !service.http,
    stopTimeoutMs: 12_000, // a clone drains within 10 s
    probe: () => isReady(ports.admin),
  };
  return {
    name,
    kind: service.http ? 'gateway' : 'service',
    ...(ports.http === undefined ? {} : { port: ports.http }),
    adminPort: ports.admin,
    start: (starting) => startChild({ ...options, ...starting }),
    ...(service.http ? {} : { ended: () => tellPeers(context, service.app, name) }),
  };
}

/**
 * Tells another clone of the service that this one is dead, so that what it had of Kafka is served at once. Kafka itself notices by
 * its silence, in a second or two, and so it does when nobody can be told.
 */
async function tellPeers({ stateDir, adminToken }: Context, app: string, dead: string): Promise<void> {
  const clones = readState(stateDir)?.processes ?? [];
  const peers = clones.filter((clone) => clone.name !== dead && clone.state === 'running' && appOf(clone) === app);
  for (const { adminPort } of peers) {
    const told = await httpDelete(`http://127.0.0.1:${adminPort}/clones/${dead}`, adminToken).catch(() => undefined);
    if (told?.status === 200) return;
  }
}

/** The variables that a clone gets from the stack: its name, its addresses, and no other service's database. */
export function cloneEnvironment(
  context: Context,
  addresses: Addresses,
  service: Service,
  name: string,
  ports: ClonePorts,
): Record<string, string> {
  const { operator, adminToken } = context;
  return {
    STOA_CLONE: name,
    NODE_ENV: 'production',
    LOG_LEVEL: context.env.LOG_LEVEL ?? 'info',
    HOST: '127.0.0.1',
    ADMIN_PORT: String(ports.admin),
    // Dead letters are the services' own: the gateway has none to show.
    ...(service.http ? {} : { ADMIN_TOKEN: adminToken }),
    ...(ports.http === undefined ? {} : { PORT: String(ports.http) }),
    KAFKA_BROKERS: addresses.kafka,
    ...(addresses.replicas === undefined ? {} : { KAFKA_REPLICATION_FACTOR: String(addresses.replicas) }),
    ...(service.redis ? { REDIS_URL: addresses.redis } : {}),
    ...dataEnvironment(addresses, service),
    ...(service.operator ? { STOA_OPERATOR_EMAIL: operator.email, STOA_OPERATOR_PASSWORD: operator.password } : {}),
  };
}

/** Where a service finds its data. */
function dataEnvironment({ databases, directory }: Addresses, service: Service): Record<string, string> {
  const { app, keyspaces = [], operatesShards = false } = service;
  const database = databases.get(app);
  return {
    ...(database === undefined ? {} : { [databaseVariable(app)]: database }),
    ...(directory && keyspaces.length > 0 ? { DIRECTORY_URL: directory.urlFor(app) } : {}),
    ...(directory && operatesShards ? { DIRECTORY_ADMIN_URL: directory.adminUrl } : {}),
  };
}

/** What a service's migrations need to know: of sharded data, the owner's rights and the shards that there are to be. */
export function migrationEnvironment(addresses: Addresses, service: Service): Record<string, string> {
  const { keyspaces = [] } = service;
  const { directory, shards } = addresses;
  const named = keyspaces.flatMap((keyspace) => {
    const list = shards.get(keyspace);
    return list === undefined ? [] : [[shardsVariable(keyspace), list]];
  });
  return {
    ...dataEnvironment(addresses, service),
    ...(directory && keyspaces.length > 0 ? { DIRECTORY_ADMIN_URL: directory.adminUrl } : {}),
    ...(Object.fromEntries(named) as Record<string, string>),
  };
}

/** Brings one service's database up to date. @throws CliError with what the migration said. */
export async function migrateService(context: Context, addresses: Addresses, service: Service): Promise<void> {
  const data = migrationEnvironment(addresses, service);
  if (Object.keys(data).length === 0) return;
  const env = { ...inherited(context.env), ...data };
  const { code, output } = await run(context.node, [builtScript(context, service.app, 'migrate.js')], { env });
  if (code === 0) return;
  const lines = output.trim().split('\n');
  throw new CliError(`the data of ${service.app} could not be migrated: ${lines.at(-1) || `exit code ${code}`}`);
}

function builtScript(context: Context, app: string, script: string): string {
  const path = join(context.appsDir, app, 'dist', script);
  if (!existsSync(path)) throw new CliError(`${path} is not there: build the apps with npm run build`);
  return path;
}

/** Our own environment without what is the stack's business or npm's. Settings such as LOG_LEVEL or KAFKA_CLIENT reach the clones. */
function inherited(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(
    ([name]) =>
      !/^(npm_|NODE_OPTIONS$|REDIS_URL$|ADMIN_TOKEN$|STOA_OPERATOR_|PORT$|DIRECTORY_)|_DATABASE_URL$|_SHARDS$/.test(
        name,
      ),
  );
  return Object.fromEntries(kept);
}

/** Resolves when the clone says that it is ready. @throws Error with what is missing */
export async function isReady(adminPort: number): Promise<void> {
  const { status, body } = await httpGet(`http://127.0.0.1:${adminPort}/health/ready`);
  if (status !== 200) throw new Error(`not ready: ${body.trim().slice(0, 300)}`);
}
