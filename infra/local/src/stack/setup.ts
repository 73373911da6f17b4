import { Failure } from '../failure.js';
import { SHOP_PORT, type Service, type Topology } from '../topology.js';
import type { StartOptions } from './options.js';

/** Everything that is decided before anything is started. */
export interface Setup {
  /** Services that run here, with their numbers of clones. */
  services: Service[];
  /** Services that somebody runs by hand against this stack. */
  leftOut: Service[];
  /** Names of the Postgres servers to start. */
  postgres: string[];
  /** Where the shop answers. */
  port: number;
  /** Servers that the environment names instead of embedded ones. */
  external: External;
}

export interface External {
  kafka?: string;
  redis?: string;
  /** By app. */
  databases: Map<string, string>;
}

/** The variable that names a service's database, e.g. CART_DATABASE_URL. */
export function databaseVariable(app: string): string {
  return `${app.toUpperCase().replaceAll('-', '_')}_DATABASE_URL`;
}

/** Applies options and environment to the topology. @throws Failure for a name that it does not have. */
export function resolveSetup(topology: Topology, options: StartOptions, env: NodeJS.ProcessEnv): Setup {
  const apps = topology.services.map((service) => service.app);
  for (const name of [...options.only, ...options.without, ...options.clones.keys()]) {
    if (!apps.includes(name)) throw new Failure(`there is no service "${name}"; there are ${apps.join(', ')}`);
  }
  const chosen = (app: string): boolean =>
    options.only.length > 0 ? options.only.includes(app) : !options.without.includes(app);
  const services = topology.services.filter((service) => chosen(service.app));
  if (services.length === 0) throw new Failure('no service is left to run: --without names them all');
  const shards = options.shards ?? topology.shards;
  const all = topology.services.map((service) => placed(service, shards, options));
  const external = externalServers(apps, env);
  // With --only, the others are nobody's business; with --without, somebody is about to run them.
  const leftOut = options.only.length > 0 ? [] : all.filter((service) => !chosen(service.app));
  const running = all.filter((service) => chosen(service.app));
  return {
    services: running,
    leftOut,
    postgres: postgresServers([...running, ...leftOut], shards, external, options),
    port: shopPort(env),
    external,
  };
}

/** With fewer shard servers than the topology names, services share them. */
function placed(service: Service, shards: number, options: StartOptions): Service {
  const shard = /^shard(\d+)$/.exec(service.postgres)?.[1];
  const postgres = shard ? `shard${((Number(shard) - 1) % shards) + 1}` : service.postgres;
  return { ...service, postgres, clones: options.clones.get(service.app) ?? service.clones };
}

function postgresServers(services: Service[], shards: number, external: External, options: StartOptions): string[] {
  const needed = services.filter(({ app }) => !external.databases.has(app)).map(({ postgres }) => postgres);
  const asked = options.shards === undefined ? [] : Array.from({ length: shards }, (_, n) => `shard${n + 1}`);
  return [...new Set([...needed, ...asked])].toSorted();
}

function externalServers(apps: string[], env: NodeJS.ProcessEnv): External {
  const databases = new Map<string, string>();
  for (const app of apps) {
    const url = env[databaseVariable(app)];
    if (url) databases.set(app, url);
  }
  return {
    databases,
    ...(env.KAFKA_BROKERS ? { kafka: env.KAFKA_BROKERS } : {}),
    ...(env.REDIS_URL ? { redis: env.REDIS_URL } : {}),
  };
}

function shopPort(env: NodeJS.ProcessEnv): number {
  const text = env.STOA_PORT ?? String(SHOP_PORT);
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw new Failure(`STOA_PORT must be a port number from 1 to 65535, not "${text}"`);
}
