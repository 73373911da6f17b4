import { findHaproxy } from '../servers/haproxy-binary.js';
import { giveRights } from '../servers/broker/rights.js';
import type { PostgresServer } from '../servers/postgres.js';
import { brokersToRun } from '../plan/brokers.js';
import { brokerProcesses } from '../processes/broker-processes.js';
import type { Addresses, Context, Directory } from '../plan/context.js';
import { ensureDatabase, inDatabase, plain } from '../data/databases.js';
import { paymentsProcess, postgresProcess, redisProcess } from '../processes/server-processes.js';
import { allSettledOrThrow } from '../machine/all-settled.js';
import { ServerProxies } from '../processes/server-proxies.js';
import { kafkaPasswords, postgresPassword, redisPassword, writeDirectory, writeGateway } from '../state-dir/secrets.js';
import { ensureDirectory, ensureShard, shardServers, type EmbeddedShard } from '../data/sharding.js';
import type { Supervisor } from '../processes/supervisor.js';

export interface Servers {
  addresses: Addresses;
  /** The path of HAProxy's program; undefined where it is not needed or can't be had. */
  haproxy: string | undefined;
}

type KafkaAddresses = Pick<Addresses, 'kafka' | 'kafkaPasswords' | 'replicas'>;

/** Starts the servers that the environment does not name, side by side, with roles and databases for the services. */
export async function startServers(context: Context, supervisor: Supervisor): Promise<Servers> {
  const { setup, stateDir, progress } = context;
  const { external } = setup;
  const needsRedis = [...setup.services, ...setup.leftOut].some((service) => service.redis);
  const balanced = setup.services.some((service) => service.http);
  let kafka: KafkaAddresses = { kafka: external.kafka ?? '' };
  let redis = external.redis ?? '';
  let haproxy: string | undefined;
  let data: Data | undefined;
  const proxies = await ServerProxies.start(context, supervisor);
  const startData = async (): Promise<void> => {
    data = await startPostgresServers(context, supervisor, proxies);
  };
  const startKafka = async (): Promise<void> => {
    kafka = await startBrokers(context, supervisor, proxies);
  };
  const startRedis = async (): Promise<void> => {
    const spec = await redisProcess(stateDir, redisPassword(stateDir));
    const { url } = await progress.step('Redis', () => supervisor.supervise(spec));
    redis = (await proxies?.urlThrough('redis', url)) ?? url;
  };
  let payments: string | undefined;
  const startProvider = async (): Promise<void> => {
    const spec = await paymentsProcess(stateDir, context.node, setup.port);
    payments = (await progress.step('payment provider', () => supervisor.supervise(spec))).url;
  };
  // An account of the environment's is used instead.
  const pays = !context.env.STRIPE_SECRET_KEY && [...setup.services, ...setup.leftOut].some((service) => service.pays);
  const findBalancer = async (): Promise<void> => {
    haproxy = await findHaproxy();
  };
  await allSettledOrThrow([
    startData(),
    ...(external.kafka ? [] : [startKafka()]),
    ...(external.redis || !needsRedis ? [] : [startRedis()]),
    ...(balanced ? [findBalancer()] : []),
    ...(pays ? [startProvider()] : []),
  ]);
  return {
    addresses: {
      ...kafka,
      redis,
      ...(payments !== undefined && { payments }),
      databases: new Map(),
      databaseOwners: new Map(),
      shards: new Map(),
      ...data,
    },
    haproxy,
  };
}

/** Starts the brokers side by side: of three, none answers before most of them run. */
async function startBrokers(
  { setup, stateDir, env, progress }: Context,
  supervisor: Supervisor,
  proxies: ServerProxies | undefined,
): Promise<KafkaAddresses> {
  const apps = [...setup.services, ...setup.leftOut];
  const passwords = kafkaPasswords(
    stateDir,
    apps.map(({ app }) => app),
  );
  const specs = await brokerProcesses(stateDir, brokersToRun(stateDir, setup.brokers), passwords.admin, proxies);
  const servers = await progress.step(specs.length === 1 ? 'Kafka' : `Kafka, ${specs.length} brokers`, () =>
    Promise.all(specs.map((spec) => supervisor.supervise(spec))),
  );
  const kafka = servers.map(({ brokers }) => brokers).join(',');
  const services = apps.filter(({ http }) => !http).map(({ app }) => app);
  const prefix = env.KAFKA_TOPIC_PREFIX ?? '';
  await progress.step('rights at Kafka', () => giveRights({ brokers: kafka, passwords, services, prefix }));
  return { kafka, kafkaPasswords: passwords.users, ...(servers.length > 1 ? { replicas: servers.length } : {}) };
}

type Data = Pick<Addresses, 'databases' | 'databaseOwners' | 'directory' | 'shards'>;

/** Starts the servers of unsharded data first: one of them has the shard map, which names the shard servers. */
async function startPostgresServers(
  context: Context,
  supervisor: Supervisor,
  proxies: ServerProxies | undefined,
): Promise<Data> {
  const { setup, stateDir, progress } = context;
  const password = postgresPassword(stateDir);
  const servers = new Map<string, PostgresServer>();
  const start = async (server: string): Promise<void> => {
    const spec = await postgresProcess(stateDir, server, password);
    const running = await progress.step(`Postgres ${server}`, () => supervisor.supervise(spec));
    const url = (await proxies?.urlThrough(spec.name, running.url)) ?? running.url;
    servers.set(server, { ...running, url });
  };
  await allSettledOrThrow(setup.postgres.map(start));
  const databases = await serviceDatabases(context, servers, password);
  const gateway = databases.get('gateway');
  if (gateway !== undefined) writeGateway(stateDir, { databaseUrl: gateway, tokenKeySecret: context.tokenKeySecret });
  const directory = await directoryOf(context, servers, password);
  if (directory) writeDirectory(stateDir, { adminUrl: directory.adminUrl });
  const shards = new Map(setup.external.shards);
  if (directory && setup.sharded) {
    const wanted = await shardServers(directory, setup.sharded, stateDir);
    const names = [...new Set([...wanted.values()].flat())];
    await allSettledOrThrow(names.filter((name) => !servers.has(name)).map(start));
    for (const [keyspace, list] of await shardDatabases(wanted, servers, password)) {
      shards.set(keyspace, JSON.stringify(list));
    }
  }
  return { databases, databaseOwners: ownersOf(context, servers), shards, ...(directory ? { directory } : {}) };
}

async function serviceDatabases(
  { setup }: Context,
  servers: Map<string, PostgresServer>,
  password: string,
): Promise<Map<string, string>> {
  const databases = new Map(setup.external.databases);
  // One after the other on each server: CREATE DATABASE copies a template, which two can't do at once.
  for (const { app, postgres } of [...setup.services, ...setup.leftOut]) {
    const server = servers.get(postgres ?? '');
    if (server && !databases.has(app)) databases.set(app, await ensureDatabase(server.url, app, password));
  }
  return databases;
}

function ownersOf({ setup }: Context, servers: Map<string, PostgresServer>): Map<string, string> {
  const started = [...setup.services, ...setup.leftOut].flatMap(({ app, postgres }) => {
    const server = setup.external.databases.has(app) ? undefined : servers.get(postgres ?? '');
    return server ? [[app, inDatabase(server.url, plain(app))] as const] : [];
  });
  return new Map(started);
}

async function directoryOf(
  { setup }: Context,
  servers: Map<string, PostgresServer>,
  password: string,
): Promise<Directory | undefined> {
  const { directory } = setup.external;
  if (directory) return { adminUrl: directory.adminUrl, urlFor: () => directory.url };
  const server = servers.get(setup.directory);
  const all = [...setup.services, ...setup.leftOut];
  const readers = all.filter(({ keyspaces = [] }) => keyspaces.length > 0).map(({ app }) => app);
  const isNeeded = readers.length > 0 || all.some(({ operatesShards }) => operatesShards);
  return server && isNeeded ? ensureDirectory(server.url, readers, password) : undefined;
}

async function shardDatabases(
  wanted: ReadonlyMap<string, readonly string[]>,
  servers: Map<string, PostgresServer>,
  password: string,
): Promise<Map<string, EmbeddedShard[]>> {
  const made = new Map<string, EmbeddedShard[]>([...wanted.keys()].map((keyspace) => [keyspace, []]));
  const names = [...new Set([...wanted.values()].flat())];
  const prepare = async (name: string): Promise<Map<string, EmbeddedShard>> => {
    const server = servers.get(name);
    const keyspaces = [...wanted].filter(([, shards]) => shards.includes(name)).map(([keyspace]) => keyspace);
    return server ? ensureShard(name, server.url, keyspaces, password) : new Map();
  };
  for (const shards of await Promise.all(names.map(prepare))) {
    for (const [keyspace, shard] of shards) made.get(keyspace)?.push(shard);
  }
  return made;
}
