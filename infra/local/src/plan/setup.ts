import { CliError } from '@stoa/cli';
import { SHOP_PORT, type Service, type Topology } from './topology.js';
import type { Brokers } from './brokers.js';
import type { StartOptions } from './options.js';

/** Everything that is decided before anything is started. */
export interface Setup {
  /** Services that run here, with their numbers of clones. */
  services: Service[];
  /** Services that somebody runs by hand against this stack. */
  leftOut: Service[];
  /** Names of the Postgres servers to start, without those of shards: the shard map names them. */
  postgres: string[];
  /** The data that are sharded over embedded Postgres servers; undefined where none are. */
  sharded?: Sharded;
  /** How many Kafka brokers, if it was said. */
  brokers?: Brokers;
  /** Whether services reach the servers that start here by way of Toxiproxy. */
  toxiproxy: boolean;
  /** The Postgres server for the shard map. */
  directory: string;
  /** Where the shop answers. */
  port: number;
  /** Servers that the environment names instead of embedded ones. */
  external: External;
}

export interface Sharded {
  keyspaces: string[];
  /** How many shard servers were asked for, if any number was. */
  asked?: number;
  /** How many there are at the first start if none was. */
  usual: number;
}

export interface External {
  kafka?: string;
  redis?: string;
  /** By app. */
  databases: Map<string, string>;
  /** The shard map, as services and as its owner reach it. */
  directory?: { url: string; adminUrl: string };
  /** The shards of a keyspace, by its name: JSON. */
  shards: Map<string, string>;
}

/** The variable that names a service's database, e.g. CART_DATABASE_URL. */
export function databaseVariable(app: string): string {
  return `${app.toUpperCase().replaceAll('-', '_')}_DATABASE_URL`;
}

/** The variable with the same database's URL for the owner of its server, e.g. GATEWAY_DATABASE_OWNER_URL. */
export const ownerVariable = (app: string): string => databaseVariable(app).replace(/URL$/, 'OWNER_URL');

/** The variable that names a keyspace's shards, e.g. CART_SHARDS. */
export function shardsVariable(keyspace: string): string {
  return `${keyspace.toUpperCase().replaceAll('-', '_')}_SHARDS`;
}

/** Applies options and environment to the topology. @throws CliError for a name that it does not have. */
export function resolveSetup(topology: Topology, options: StartOptions, env: NodeJS.ProcessEnv): Setup {
  const apps = topology.services.map((service) => service.app);
  for (const name of [...options.only, ...options.without, ...options.clones.keys()]) {
    if (!apps.includes(name)) throw new CliError(`there is no service "${name}"; there are ${apps.join(', ')}`);
  }
  const chosen = (app: string): boolean =>
    options.only.length > 0 ? options.only.includes(app) : !options.without.includes(app);
  const services = topology.services.filter((service) => chosen(service.app));
  if (services.length === 0) throw new CliError('no service is left to run: --without names them all');
  const external = externalServers(topology.services, env);
  if (external.kafka && options.brokers) throw new CliError('--brokers and KAFKA_BROKERS exclude each other');
  const all = topology.services.map((service) => ({
    ...service,
    clones: options.clones.get(service.app) ?? service.clones,
  }));
  // With --only, the others are nobody's business; with --without, somebody is about to run them.
  const leftOut = options.only.length > 0 ? [] : all.filter((service) => !chosen(service.app));
  const running = all.filter((service) => chosen(service.app));
  const needed = [...running, ...leftOut];
  const sharded = shardedHere(needed, external, options, topology.shards);
  return {
    services: running,
    leftOut,
    postgres: postgresServers(needed, external, topology.directory),
    ...(sharded ? { sharded } : {}),
    ...(options.brokers === undefined ? {} : { brokers: options.brokers }),
    toxiproxy: options.toxiproxy,
    directory: topology.directory,
    port: shopPort(env),
    external,
  };
}

const worksWithShards = (service: Service): boolean =>
  service.operatesShards === true || (service.keyspaces ?? []).length > 0;

/** With a shard map of the environment's, the shards are the environment's too. */
function shardedHere(
  services: Service[],
  external: External,
  options: StartOptions,
  usual: number,
): Sharded | undefined {
  const keyspaces = services.flatMap((service) => service.keyspaces ?? []);
  const ours = external.directory ? [] : keyspaces.filter((keyspace) => !external.shards.has(keyspace));
  if (ours.length === 0) return undefined;
  return { keyspaces: ours, usual, ...(options.shards === undefined ? {} : { asked: options.shards }) };
}

function postgresServers(services: Service[], external: External, directory: string): string[] {
  const needed = services.flatMap(({ app, postgres }) => (postgres && !external.databases.has(app) ? [postgres] : []));
  const needsMap = !external.directory && services.some(worksWithShards);
  return [...new Set([...needed, ...(needsMap ? [directory] : [])])].toSorted();
}

function externalServers(services: Service[], env: NodeJS.ProcessEnv): External {
  const databases = new Map<string, string>();
  const shards = new Map<string, string>();
  for (const { app, postgres, keyspaces = [] } of services) {
    const url = env[databaseVariable(app)];
    if (url && !postgres) throw new CliError(notOneDatabase(app, keyspaces));
    if (url) databases.set(app, url);
    for (const keyspace of keyspaces) {
      const list = env[shardsVariable(keyspace)];
      if (list) shards.set(keyspace, list);
    }
  }
  const directory = externalDirectory(env);
  return {
    databases,
    shards,
    ...(directory ? { directory } : {}),
    ...(env.KAFKA_BROKERS ? { kafka: env.KAFKA_BROKERS } : {}),
    ...(env.REDIS_URL ? { redis: env.REDIS_URL } : {}),
  };
}

function notOneDatabase(app: string, keyspaces: string[]): string {
  const instead = keyspaces.map(shardsVariable).join(' and ');
  const more = instead ? `: its data are sharded, name its shards in ${instead}` : '';
  return `${databaseVariable(app)} is set, but ${app} has no database of its own${more}`;
}

function externalDirectory({ DIRECTORY_URL: url, DIRECTORY_ADMIN_URL: adminUrl }: NodeJS.ProcessEnv) {
  if (Boolean(url) !== Boolean(adminUrl)) {
    throw new CliError('set both DIRECTORY_URL and DIRECTORY_ADMIN_URL, or neither');
  }
  return url && adminUrl ? { url, adminUrl } : undefined;
}

function shopPort(env: NodeJS.ProcessEnv): number {
  const text = env.STOA_PORT ?? String(SHOP_PORT);
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw new CliError(`STOA_PORT must be a port number from 1 to 65535, not "${text}"`);
}
