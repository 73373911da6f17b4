import type { SqlDatabase } from '../sql/database.js';
import type { Sql, Statement } from '../sql/sql.js';
import { connectionShare } from './connection-share.js';
import { isTransient } from '../errors/faults.js';
import type { PoolHooks } from './hooks.js';
import { PostgresServer } from './postgres-server.js';
import type { Timeouts } from './pool-settings.js';

export interface PgDatabaseOptions {
  /** The service's name; its servers are named after it: `cart`, or `cart@0`, `cart@1` … where there are several. */
  readonly name: string;
  /** One URL, or several with `serverOf`. */
  readonly urls: readonly string[];
  /** This clone's name, shown in pg_stat_activity. */
  readonly clone: string;
  /** The bucket of a record's key; always 0 if not given (an unsharded service). */
  readonly bucketOf?: (key: string) => number;
  /** Which of `urls` holds a bucket; the first if not given. */
  readonly serverOf?: (bucket: number) => number;
  /** Connections per server; a share of `connections` if not given. */
  readonly maxConnections?: number;
  /** Connections to all servers together; 10 to each if not given. */
  readonly connections?: number;
  /** See PostgresServerOptions. */
  readonly poolerPort?: number;
  readonly timeouts?: Partial<Timeouts>;
  readonly hooks?: PoolHooks;
}

/** A service's data in one Postgres database, or in several by a fixed rule. Data on shards use ShardedDatabase. */
export class PgDatabase implements SqlDatabase {
  private readonly pools: readonly PostgresServer[];
  private readonly serverOf: (bucket: number) => number;
  private readonly bucket: (key: string) => number;

  constructor(options: PgDatabaseOptions) {
    const { name, urls, clone, connections, poolerPort, timeouts, hooks } = options;
    const maxConnections = options.maxConnections ?? connectionShare(connections, urls.length);
    if (urls.length === 0) throw new Error(`The database ${name} needs a URL`);
    if (urls.length > 1 && !options.serverOf) throw new Error(`The database ${name} has several URLs and no serverOf`);
    this.serverOf = options.serverOf ?? (() => 0);
    this.bucket = options.bucketOf ?? (() => 0);
    this.pools = urls.map(
      (url, index) =>
        new PostgresServer({
          name: urls.length === 1 ? name : `${name}@${index}`,
          url,
          applicationName: clone,
          maxConnections,
          ...(poolerPort !== undefined && { poolerPort }),
          ...(timeouts && { timeouts }),
          ...(hooks && { hooks }),
        }),
    );
  }

  transaction<T>(bucket: number, work: (tx: Sql) => Promise<T>): Promise<T> {
    return this.server(bucket).transaction(work);
  }

  /** Takes all buckets to be on the first one's server. */
  transactionOver<T>([bucket = 0]: readonly number[], work: (tx: Sql) => Promise<T>): Promise<T> {
    return this.transaction(bucket, work);
  }

  /**
   * The rows of one reading statement, prepared once per session.
   * @throws ServerUnavailable; ConnectionLost; the server's error.
   */
  read<Row = Record<string, unknown>>(bucket: number, statement: Statement): Promise<Row[]> {
    return this.server(bucket).read<Row>(statement);
  }

  servers(): readonly PostgresServer[] {
    return this.pools;
  }

  serverNameOf(bucket: number): string {
    return this.server(bucket).name;
  }

  bucketOf(key: string): number {
    return this.bucket(key);
  }

  isTransient(error: unknown): boolean {
    return isTransient(error);
  }

  /** @throws ConnectionLost when one of the servers can't be reached. */
  async ping(): Promise<void> {
    await Promise.all(this.pools.map((server) => server.ping()));
  }

  /** Waits for the work in progress, then closes all connections. */
  async close(): Promise<void> {
    await Promise.all(this.pools.map((server) => server.close()));
  }

  private server(bucket: number): PostgresServer {
    const server = this.pools[this.serverOf(bucket)];
    if (!server) throw new Error(`No server holds bucket ${bucket}`);
    return server;
  }
}
