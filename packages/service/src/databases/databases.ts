import { PostgresServer, type Database, type PoolHooks } from '@stoa/postgres';
import type { Logger } from '../logs/logger.js';
import { metrics } from '../metrics/metrics.js';
import type { Readiness } from '../admin/readiness.js';

/** A Database that the kit watches and closes. */
export interface ManagedDatabase extends Database {
  /** @throws Error when it can't be reached. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** A clone's part in making a database: its name, log, connections and hooks. */
export interface DatabaseContext {
  readonly clone: string;
  readonly logger: Logger;
  /** Connections to all servers of this database together; 10 to each if not given. */
  readonly connections?: number;
  /** The port of a transaction pooler beside each server, if there is one. */
  readonly poolerPort?: number;
  /** Logs, spans and limits of this process (see poolHooks). */
  readonly hooks: PoolHooks;
}

/** Makes a database from the configuration. It may wait for servers: meanwhile the clone is live, but not ready. */
export type OpenDatabase<Config> = (
  config: Config,
  context: DatabaseContext,
) => ManagedDatabase | Promise<ManagedDatabase>;

/** Makes the databases a condition of readiness, and shows their connections at /metrics. */
export function watchDatabases(databases: ReadonlyMap<symbol, ManagedDatabase>, readiness: Readiness): void {
  const all = [...databases.values()];
  if (all.length === 0) return;
  readiness.watch('database', () => Promise.all(all.map((database) => database.ping())));
  metrics.gauge({
    name: 'stoa_postgres_connections',
    help: 'Connections to Postgres that are open, and callers that wait for one',
    labelNames: ['server', 'state'],
    collect() {
      // Shards come and go.
      this.reset();
      for (const server of all.flatMap((database) => database.servers())) {
        if (!(server instanceof PostgresServer)) continue;
        this.set({ server: server.name, state: 'open' }, server.load.open);
        this.set({ server: server.name, state: 'waiting' }, server.load.waiting);
      }
    },
  });
  metrics.gauge({
    name: 'stoa_postgres_available',
    help: '1 while a Postgres is given work, 0 while it is refused because the server does not answer or takes no writes',
    labelNames: ['server'],
    collect() {
      this.reset();
      for (const server of all.flatMap((database) => database.servers())) {
        if (server instanceof PostgresServer) this.set({ server: server.name }, server.state === 'serves' ? 1 : 0);
      }
    },
  });
}
