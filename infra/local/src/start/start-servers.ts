import { findHaproxy } from '../servers/haproxy-binary.js';
import type { PostgresServer } from '../servers/postgres.js';
import { brokerMembers, brokersToRun } from '../processes/broker-processes.js';
import type { Addresses, Context, Directory } from '../plan/context.js';
import { ensureDatabase } from '../data/databases.js';
import { postgresMember, redisMember } from '../processes/server-processes.js';
import { allSettledOrThrow } from '../machine/all-settled.js';
import { Proxies } from '../processes/proxies.js';
import { postgresPassword, writeDirectory } from '../state-dir/secrets.js';
import { ensureDirectory, ensureShard, shardServers, type OwnShard } from '../data/sharding.js';
import type { Supervisor } from '../processes/supervisor.js';

export interface Servers {
  addresses: Addresses;
  /** HAProxy's program, if there is one. */
  balancer: string | undefined;
}

/** Starts the servers that the environment does not name, side by side, with roles and databases for the services. */
export async function startServers(context: Context, supervisor: Supervisor): Promise<Servers> {
  const { setup, stateDir, progress } = context;
  const { external } = setup;
  const needsRedis = [...setup.services, ...setup.leftOut].some((service) => service.redis);
  const balanced = setup.services.some((service) => service.http);
  let kafka: Pick<Addresses, 'kafka' | 'replicas'> = { kafka: external.kafka ?? '' };
  let redis = external.redis ?? '';
  let balancer: string | undefined;
  let data: Data | undefined;
  const proxies = await Proxies.start(context, supervisor);
  const startData = async (): Promise<void> => {
    data = await startPostgresServers(context, supervisor, proxies);
  };
  const startKafka = async (): Promise<void> => {
    kafka = await startBrokers(context, supervisor, proxies);
  };
  const startRedis = async (): Promise<void> => {
    const member = await redisMember(stateDir);
    const { url } = await progress.step('Redis', () => supervisor.keep(member));
    redis = (await proxies?.through('redis', url)) ?? url;
  };
  const findBalancer = async (): Promise<void> => {
    balancer = await findHaproxy();
  };
  await allSettledOrThrow([
    startData(),
    ...(external.kafka ? [] : [startKafka()]),
    ...(external.redis || !needsRedis ? [] : [startRedis()]),
    ...(balanced ? [findBalancer()] : []),
  ]);
  return { addresses: { ...kafka, redis, databases: new Map(), shards: new Map(), ...data }, balancer };
}

/** Side by side: of three brokers none answers before most of them run. */
async function startBrokers(
  { setup, stateDir, progress }: Context,
  supervisor: Supervisor,
  proxies: Proxies | undefined,
): Promise<Pick<Addresses, 'kafka' | 'replicas'>> {
  const members = await brokerMembers(stateDir, brokersToRun(stateDir, setup.brokers), proxies);
  const servers = await progress.step(members.length === 1 ? 'Kafka' : `Kafka, ${members.length} brokers`, () =>
    Promise.all(members.map((member) => supervisor.keep(member))),
  );
  const kafka = servers.map(({ brokers }) => brokers).join(',');
  return { kafka, ...(servers.length > 1 ? { replicas: servers.length } : {}) };
}

type Data = Pick<Addresses, 'databases' | 'directory' | 'shards'>;

/** The servers of unsharded data first: one of them has the shard map, which says what shard servers there are. */
async function startPostgresServers(
  context: Context,
  supervisor: Supervisor,
  proxies: Proxies | undefined,
): Promise<Data> {
  const { setup, stateDir, progress } = context;
  const password = postgresPassword(stateDir);
  const servers = new Map<string, PostgresServer>();
  const start = async (server: string): Promise<void> => {
    const member = await postgresMember(stateDir, server, password);
    const running = await progress.step(`Postgres ${server}`, () => supervisor.keep(member));
    const url = (await proxies?.through(member.name, running.url)) ?? running.url;
    servers.set(server, { ...running, url });
  };
  await allSettledOrThrow(setup.postgres.map(start));
  const databases = await serviceDatabases(context, servers, password);
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
  return { databases, shards, ...(directory ? { directory } : {}) };
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
): Promise<Map<string, OwnShard[]>> {
  const made = new Map<string, OwnShard[]>([...wanted.keys()].map((keyspace) => [keyspace, []]));
  const names = [...new Set([...wanted.values()].flat())];
  const prepare = async (name: string): Promise<Map<string, OwnShard>> => {
    const server = servers.get(name);
    const keyspaces = [...wanted].filter(([, shards]) => shards.includes(name)).map(([keyspace]) => keyspace);
    return server ? ensureShard(name, server.url, keyspaces, password) : new Map();
  };
  for (const shards of await Promise.all(names.map(prepare))) {
    for (const [keyspace, shard] of shards) made.get(keyspace)?.push(shard);
  }
  return made;
}
