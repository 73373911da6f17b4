import { Pool } from 'pg';
import type { DatabaseServer } from '../sql/database.js';
import type { Sql, Statement } from '../sql/sql.js';
import { Availability } from './availability.js';
import { ConnectionLost } from '../errors/errors.js';
import { ServerUnavailable, spoilsSession } from '../errors/server-errors.js';
import type { PoolHooks } from './hooks.js';
import { mayAcquire, whileHolding } from './holding.js';
import { applyPoolSettings, DEFAULT_TIMEOUTS, type Timeouts } from './pool-settings.js';
import { breakOff, cutOff, giveBack, runTransaction, send, type PooledSession } from './transaction.js';

export interface PostgresServerOptions {
  readonly name: string;
  readonly url: string;
  readonly applicationName: string;
  /** Connections of the pool; 10 if not given. */
  readonly maxConnections?: number;
  /** The port of a transaction pooler on the server's host for the pool's sessions; `url` is still the server's. */
  readonly poolerPort?: number;
  readonly timeouts?: Partial<Timeouts>;
  readonly hooks?: PoolHooks;
}

/** How much later than the server's own time-outs this side gives up. */
const GRACE_MS = 1_000;
const CONNECT_TIMEOUT_MS = 3_000;

function withPort(url: string, port: number): string {
  const other = new URL(url);
  other.port = String(port);
  return other.href;
}

/**
 * One Postgres database behind a bounded pool of pipelined sessions. While it is unavailable, work for it is refused at
 * once (Availability) and its sessions are broken off, so that no caller waits for it.
 */
export class PostgresServer implements DatabaseServer {
  readonly name: string;
  private readonly pool: Pool;
  private readonly hooks: PoolHooks;
  private readonly timeouts: Timeouts;
  private readonly sessions = new Set<PooledSession>();
  private readonly availability: Availability;

  constructor(private readonly options: PostgresServerOptions) {
    this.name = options.name;
    this.hooks = options.hooks ?? {};
    this.timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
    const { url, poolerPort } = options;
    this.pool = new Pool({
      connectionString: poolerPort === undefined ? url : withPort(url, poolerPort),
      application_name: options.applicationName,
      max: options.maxConnections ?? 10,
      pipeline: true,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      idleTimeoutMillis: 30_000,
      onConnect: (session) => this.prepare(session as PooledSession),
    });
    // Both must be listened to: an 'error' event without a listener ends the process.
    this.pool.on('connect', (session: PooledSession) => {
      session.on('error', (error) => {
        session.lost ??= error;
      });
    });
    this.pool.on('error', (error) => this.hooks.onIdleError?.(error, this.name));
    this.availability = new Availability({
      server: this.name,
      url: options.url,
      applicationName: options.applicationName,
      isBusy: () => this.pool.totalCount > this.pool.idleCount || this.pool.waitingCount > 0,
      onUnavailable: () =>
        this.sessions.forEach((session) => breakOff(session, new Error('the server does not reply'))),
      onChange: this.hooks.onAvailability,
    });
  }

  /** The server itself, for sessions outside of the pool: those that hold locks or listen. */
  get url(): string {
    return this.options.url;
  }

  /** The number of open connections, and of callers that wait for one. */
  get load(): { readonly open: number; readonly waiting: number } {
    return { open: this.pool.totalCount, waiting: this.pool.waitingCount };
  }

  /** Whether it takes work: `reads` is a server that takes no writes. */
  get state(): Availability['state'] {
    return this.availability.state;
  }

  /**
   * Runs work in a transaction on a session of the pool.
   * @throws ServerUnavailable while the server is, or takes no writes; ConnectionLost; what `work` throws, after a
   * rollback; TransactionAborted.
   */
  transaction<T>(work: (tx: Sql) => Promise<T>): Promise<T> {
    const { around } = this.hooks;
    return around ? around('transaction', this.name, () => this.run(work)) : this.run(work);
  }

  /**
   * The rows of one SELECT, outside of any transaction.
   * @throws ServerUnavailable; ConnectionLost; the server's error.
   */
  read<Row>(statement: Statement): Promise<Row[]> {
    const { around } = this.hooks;
    return around ? around('read', this.name, () => this.query<Row>(statement)) : this.query<Row>(statement);
  }

  /** @throws ConnectionLost when it can't be reached. */
  async ping(): Promise<void> {
    await this.read({ text: 'SELECT 1' }).catch((error: unknown) => {
      throw error instanceof ServerUnavailable ? error.cause : error;
    });
  }

  /** Bounds the pool's connections from now on. Those beyond are closed as their users give them back. */
  resize(maxConnections: number): void {
    this.pool.options.max = maxConnections;
  }

  /** Waits for the work in progress, then closes all connections. */
  async close(): Promise<void> {
    this.availability.close();
    await this.pool.end();
  }

  private async run<T>(work: (tx: Sql) => Promise<T>): Promise<T> {
    this.availability.admit(true);
    try {
      const session = await this.connect();
      const afterMs = this.timeouts.transactionMs + GRACE_MS;
      const result = await whileHolding(this.pool, () => runTransaction(session, afterMs, work));
      this.availability.replied();
      return result;
    } catch (error) {
      throw this.availability.failed(error);
    }
  }

  private async query<Row>(statement: Statement): Promise<Row[]> {
    this.availability.admit(false);
    try {
      const rows = await this.select<Row>(await this.connect(), statement);
      this.availability.replied();
      return rows;
    } catch (error) {
      throw this.availability.failed(error);
    }
  }

  private async select<Row>(session: PooledSession, { name, text, values = [] }: Statement): Promise<Row[]> {
    const afterMs = this.timeouts.statementMs + GRACE_MS;
    const deadline = setTimeout(() => cutOff(session, afterMs), afterMs);
    let usable = true;
    try {
      const sent = name ? session.query({ name, text, values: values as unknown[] }) : send(session, text, values);
      return (await sent).rows as Row[];
    } catch (error) {
      usable = !spoilsSession(error);
      throw session.lost ? new ConnectionLost(session.lost, 'The connection to Postgres was lost') : error;
    } finally {
      clearTimeout(deadline);
      giveBack(session, usable);
    }
  }

  private async connect(): Promise<PooledSession> {
    mayAcquire(this.pool, this.name);
    this.hooks.onAcquire?.(this.name);
    try {
      const session: PooledSession = await this.pool.connect();
      session.isSurplus = this.pool.totalCount > (this.pool.options.max ?? Infinity);
      return session;
    } catch (error) {
      throw new ConnectionLost(error, `No connection to the Postgres of ${this.name}`);
    }
  }

  /** The pool has bounded how long connecting takes; this bounds the first statement. */
  private async prepare(session: PooledSession): Promise<void> {
    this.sessions.add(session);
    session.once('end', () => this.sessions.delete(session));
    // A pooler keeps a session's settings for its next user: there, the role has the settings.
    if (this.options.poolerPort !== undefined) return;
    const deadline = setTimeout(() => cutOff(session, CONNECT_TIMEOUT_MS), CONNECT_TIMEOUT_MS);
    try {
      await applyPoolSettings(session, this.timeouts);
    } finally {
      clearTimeout(deadline);
    }
  }
}
