import type { DatabaseServer, Sql } from '@stoa/messaging';
import { Pool } from 'pg';
import { spans, type Step } from '../observe/spans.js';
import { ConnectionLost, spoilsSession } from './errors.js';
import { mayAcquire, whileHolding } from './holding.js';
import { applySessionSettings, DEFAULT_TIMEOUTS, type Timeouts } from './session-settings.js';
import { cutOff, runTransaction, send, type Session } from './transaction.js';

export interface PostgresServerOptions {
  readonly name: string;
  readonly url: string;
  readonly applicationName: string;
  /** 10 if not given. */
  readonly maxConnections?: number;
  readonly timeouts?: Partial<Timeouts>;
  /** Told of errors of sessions that nobody was using (a server that restarts). */
  readonly onIdleError: (error: Error, server: string) => void;
}

/** A statement with a name of its own, or named after its text. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** How much later than the server's own time-outs this side gives up. */
const GRACE_MS = 1_000;
const CONNECT_TIMEOUT_MS = 3_000;

/** One Postgres database behind a bounded pool of pipelined sessions. */
export class PostgresServer implements DatabaseServer {
  readonly name: string;
  private readonly pool: Pool;
  private readonly timeouts: Timeouts;

  constructor(private readonly options: PostgresServerOptions) {
    this.name = options.name;
    this.timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
    this.pool = new Pool({
      connectionString: options.url,
      application_name: options.applicationName,
      max: options.maxConnections ?? 10,
      pipeline: true,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      idleTimeoutMillis: 30_000,
      onConnect: (session) => applySessionSettings(session, this.timeouts),
    });
    // Both must be listened to: an 'error' event without a listener ends the process.
    this.pool.on('connect', (session: Session) => {
      session.on('error', (error) => {
        session.lost ??= error;
      });
    });
    this.pool.on('error', (error) => options.onIdleError(error, this.name));
  }

  get url(): string {
    return this.options.url;
  }

  /** Connections open, and callers that wait for one. */
  get load(): { readonly open: number; readonly waiting: number } {
    return { open: this.pool.totalCount, waiting: this.pool.waitingCount };
  }

  transaction<T>(work: (tx: Sql) => Promise<T>): Promise<T> {
    return spans.areOn ? spans.within(this.step('transaction'), () => this.run(work)) : this.run(work);
  }

  /** Runs one reading statement outside of any transaction. */
  read<Row>(statement: Statement): Promise<Row[]> {
    return spans.areOn ? spans.within(this.step('read'), () => this.query<Row>(statement)) : this.query<Row>(statement);
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  private step(operation: string): Step {
    const attributes = {
      'db.system.name': 'postgresql',
      'db.namespace': this.name,
      'db.operation.name': operation,
    };
    return { name: `${operation} ${this.name}`, kind: 'client', attributes };
  }

  private async run<T>(work: (tx: Sql) => Promise<T>): Promise<T> {
    const session = await this.connect();
    return whileHolding(this.pool, () => runTransaction(session, this.timeouts.transactionMs + GRACE_MS, work));
  }

  private async query<Row>({ name, text, values = [] }: Statement): Promise<Row[]> {
    const session = await this.connect();
    const afterMs = this.timeouts.statementMs + GRACE_MS;
    const deadline = setTimeout(() => cutOff(session, afterMs), afterMs);
    let usable = true;
    try {
      const answer = name ? session.query({ name, text, values: values as unknown[] }) : send(session, text, values);
      return (await answer).rows as Row[];
    } catch (error) {
      usable = !spoilsSession(error);
      throw session.lost ? new ConnectionLost(session.lost, 'The connection to Postgres was lost') : error;
    } finally {
      clearTimeout(deadline);
      session.release(!usable || session.lost !== undefined);
    }
  }

  private async connect(): Promise<Session> {
    mayAcquire(this.pool, this.name);
    try {
      return await this.pool.connect();
    } catch (error) {
      throw new ConnectionLost(error, `No connection to the Postgres of ${this.name}`);
    }
  }
}
