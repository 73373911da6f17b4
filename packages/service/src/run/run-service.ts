import 'reflect-metadata';
import { Module, type DynamicModule, type INestMicroservice, type Provider, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AsyncMicroserviceOptions } from '@nestjs/microservices';
import { DATABASE, MESSAGING_OPTIONS, StoaServer, stoaTransport, type DeadLetters } from '@stoa/messaging';
import type { z } from 'zod';
import type { commonVariables, CommonConfig } from '../config/variables.js';
import { startAdminServer, type AdminServer } from '../admin/admin-server.js';
import { createLogger, type Logger } from '../logs/logger.js';
import { Readiness } from '../admin/readiness.js';
import { cloneRoutes } from '../admin/clone-routes.js';
import { deadLetterRoutes } from '../admin/dead-letter-routes.js';
import {
  watchDatabases,
  type DatabaseContext,
  type ManagedDatabase,
  type OpenDatabase,
} from '../databases/databases.js';
import { configurationOrExit } from '../config/configuration.js';
import { exportSpans } from '../tracing/export-spans.js';
import { exitOnUncaught, exitWith, leaveOnSignal } from './leave-on-signal.js';
import { messagingOptions } from './messaging-options.js';
import { NestLog } from '../logs/nest-log.js';
import { poolHooks } from '../databases/pool-hooks.js';
import { CONFIG, LOGGER } from './tokens.js';

/** Variables of a service: the common ones and its own. */
export type ServiceVariables = z.ZodObject<(typeof commonVariables)['shape'] & z.core.$ZodLooseShape>;

export interface ServiceOptions<S extends ServiceVariables> {
  /** The contract's name of the service. */
  readonly name: string;
  /** The service's module, or what makes it of the configuration. */
  readonly module: Type<unknown> | ((config: z.output<S>) => DynamicModule);
  readonly config: S;
  /** Its main database, which messaging works with: the inbox and outbox of its commands are there. */
  readonly database?: OpenDatabase<z.output<S>>;
  /** Further databases, each injected under its token. */
  readonly databases?: ReadonlyMap<symbol, OpenDatabase<z.output<S>>>;
}

interface Parts {
  readonly logger: Logger;
  readonly readiness: Readiness;
  readonly admin: AdminServer;
  readonly databases: ReadonlyMap<symbol, ManagedDatabase>;
}

@Module({})
class ServiceKit {}

@Module({})
class Service {}

/** Seen by every module of the service. */
function kit(providers: Provider[]): DynamicModule {
  const tokens = providers.map((provider) => (provider as { provide: symbol }).provide);
  return { module: ServiceKit, global: true, providers, exports: tokens };
}

const isClass = (module: unknown): module is Type<unknown> =>
  typeof module === 'function' && /^class\b/.test(Function.prototype.toString.call(module));

async function createApp(root: DynamicModule, logger: Logger): Promise<INestMicroservice> {
  return NestFactory.createMicroservice<AsyncMicroserviceOptions>(root, {
    ...stoaTransport,
    logger: new NestLog(logger),
    abortOnError: false,
  });
}

function rootModule<S extends ServiceVariables>(
  options: ServiceOptions<S>,
  config: z.output<S>,
  { logger, databases }: Parts,
): DynamicModule {
  const onFatal = (error: Error): never => exitWith(logger, error, 'messaging cannot go on');
  const shared = messagingOptions(options.name, config as CommonConfig, logger, onFatal);
  const providers: Provider[] = [
    { provide: CONFIG, useValue: config },
    { provide: LOGGER, useValue: logger },
    { provide: MESSAGING_OPTIONS, useValue: shared },
    ...[...databases].map(([provide, useValue]) => ({ provide, useValue })),
  ];
  const own = isClass(options.module) ? options.module : options.module(config);
  return { module: Service, imports: [kit(providers), own] };
}

async function listen(app: INestMicroservice, { readiness, logger, admin }: Parts, started: number): Promise<void> {
  await app.listen();
  const server = app.get(StoaServer);
  const joined = async (): Promise<void> => {
    if (!server.isReady()) throw new Error('not a member of its consumer group');
  };
  readiness.watch('kafka', joined, { everyMs: 250 });
  await readiness.whenReady();
  logger.info({ adminPort: admin.port, pid: process.pid, ms: Math.round(performance.now() - started) }, 'ready');
}

/** The share of the clone's connections for each of so many databases. */
const poolsOf = (
  { STOA_DATABASE_CONNECTIONS: connections, STOA_POOLER_PORT: poolerPort }: CommonConfig,
  databases: number,
): Pick<DatabaseContext, 'connections' | 'poolerPort'> => ({
  connections: Math.floor(connections / Math.max(1, databases)),
  ...(poolerPort !== undefined && { poolerPort }),
});

/** See runService. */
export async function startService<S extends ServiceVariables>(options: ServiceOptions<S>): Promise<void> {
  const started = performance.now();
  const config = configurationOrExit(options.config);
  const common = config as CommonConfig;
  const { STOA_CLONE: clone, HOST: host, ADMIN_PORT: port, ADMIN_TOKEN: adminToken, LOG_LEVEL: level } = common;
  const logger = createLogger({ service: options.name, clone, level });
  exitOnUncaught(logger);
  const readiness = new Readiness();
  readiness.expect('kafka', 'not joined yet');
  let app: INestMicroservice | undefined;
  let isLeaving = (): boolean => false;
  try {
    const endSpans = await exportSpans(options.name, common, logger);
    const deadLetters = (): DeadLetters | undefined => app?.get(StoaServer).deadLetters;
    const evict = (): ((clone: string) => Promise<number>) | undefined => {
      const server = app?.get(StoaServer);
      return server?.isReady() ? (dead) => server.evict(dead) : undefined;
    };
    const routes = [
      deadLetterRoutes({ token: adminToken, deadLetters, logger }),
      cloneRoutes({ token: adminToken, evict, logger }),
    ];
    const admin = await startAdminServer({ host, port, readiness, routes });
    logger.info({ adminPort: admin.port, pid: process.pid }, 'starting');
    const databases = new Map<symbol, ManagedDatabase>();
    const leave = async (): Promise<void> => {
      await app?.close();
      await Promise.all([...databases.values()].map((database) => database.close()));
      await Promise.all([admin.close(), endSpans()]);
    };
    isLeaving = leaveOnSignal({ logger, readiness, leave });
    const wanted = new Map(options.databases);
    if (options.database) wanted.set(DATABASE, options.database);
    if (wanted.size > 0) readiness.expect('database');
    const context = { clone, logger, hooks: poolHooks(logger), ...poolsOf(common, wanted.size) };
    for (const [token, open] of wanted) databases.set(token, await open(config, context));
    watchDatabases(databases, readiness);
    const parts = { logger, readiness, admin, databases };
    app = await createApp(rootModule(options, config, parts), logger);
    await listen(app, parts, started);
  } catch (error) {
    if (!isLeaving()) exitWith(logger, error, 'the start failed');
  }
}
