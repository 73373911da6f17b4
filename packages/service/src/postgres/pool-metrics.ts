import type { Database } from '@stoa/messaging';
import { metrics } from '../observe/metrics.js';
import { PostgresServer } from './postgres-server.js';

/** Shows the connections of a database's pools at /metrics, where they are pg's. */
export function watchPools(database: Database): void {
  const servers = database.servers().filter((server) => server instanceof PostgresServer);
  if (servers.length === 0) return;
  metrics.gauge({
    name: 'stoa_postgres_connections',
    help: 'Connections to Postgres that are open, and callers that wait for one',
    labelNames: ['server', 'state'],
    collect() {
      for (const { name, load } of servers) {
        this.set({ server: name, state: 'open' }, load.open);
        this.set({ server: name, state: 'waiting' }, load.waiting);
      }
    },
  });
}
