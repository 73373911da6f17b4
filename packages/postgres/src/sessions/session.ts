import { Client } from 'pg';
import { SessionLost } from '../errors/errors.js';
import { stateOf } from '../errors/faults.js';
import type { Sql } from '../sql/sql.js';
import { applySettings } from './settings.js';

export interface SessionOptions {
  readonly url: string;
  /** Names the server in messages: its URL holds a password. */
  readonly server: string;
  /** Shown in pg_stat_activity. */
  readonly application: string;
  /** Settings of the session, by name. */
  readonly settings?: Readonly<Record<string, string>>;
}

const HEARTBEAT_MS = 5_000;
const CONNECT_MS = 5_000;

/** Text forms, which are compared between servers, must not depend on a server's configuration. */
const SETTINGS = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
  // A process that froze holds locks no longer than this; a live one sends a heartbeat.
  idle_session_timeout: '20s',
  idle_in_transaction_session_timeout: '10s',
  // A killed process is noticed even while its statement runs.
  client_connection_check_interval: '1s',
  // A machine that vanished is noticed within 11 s.
  tcp_keepalives_idle: '5',
  tcp_keepalives_interval: '2',
  tcp_keepalives_count: '3',
};

/**
 * One connection, used by one task after the other, for work that is longer or rarer than a pool's: moves, maps, tools.
 * A heartbeat keeps the server from ending it. Once it is lost it stays lost: whoever needs another opens one.
 */
export class Session implements Sql {
  private lost: unknown;
  private closing = false;
  /** Statements that run: each is a heartbeat. */
  private inFlight = 0;
  private readonly heartbeat: NodeJS.Timeout;

  private constructor(
    private readonly client: Client,
    readonly server: string,
  ) {
    client.on('error', (error) => (this.lost ??= error));
    client.on('end', () => {
      if (!this.closing) this.lost ??= new Error('the server ended the session');
    });
    this.heartbeat = setInterval(() => {
      if (this.inFlight === 0) client.query('SELECT 1').catch((error: unknown) => (this.lost ??= error));
    }, HEARTBEAT_MS);
    this.heartbeat.unref();
  }

  /** Connects within 5 s and applies the settings. @throws SessionLost */
  static async open({ url, server, application, settings }: SessionOptions): Promise<Session> {
    const client = new Client({
      connectionString: url,
      application_name: application,
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
    });
    const session = new Session(client, server);
    try {
      await client.connect();
      await applySettings(client, { ...SETTINGS, ...settings });
      return session;
    } catch (error) {
      await session.close();
      throw new SessionLost(server, error);
    }
  }

  /** @throws the statement's error; SessionLost, also when the server ends the session (57P…). */
  async query<Row>(text: string, values?: readonly unknown[]): Promise<{ rows: Row[]; rowCount: number | null }> {
    try {
      if (this.lost !== undefined) throw this.lost;
      this.inFlight += 1;
      const result = this.client.query(text, values as unknown[] | undefined).finally(() => (this.inFlight -= 1));
      const { rows, rowCount } = await result;
      return { rows: rows as Row[], rowCount };
    } catch (error) {
      // Postgres's own reason (57P01: terminated) says more than the broken connection that follows it.
      const state = stateOf(error);
      if (this.lost === undefined && state !== undefined && !state.startsWith('57P')) throw error;
      throw new SessionLost(this.server, error);
    }
  }

  /**
   * Runs work between BEGIN and COMMIT.
   * @param first statements without values, sent with BEGIN in one message
   * @throws what `work` or one of the first statements throws, after a rollback; SessionLost.
   */
  async transaction<T>(work: (tx: Sql) => Promise<T>, first = ''): Promise<T> {
    let result: T;
    try {
      await this.query(`BEGIN;${first}`);
      result = await work(this);
    } catch (error) {
      await this.query('ROLLBACK').catch(() => undefined);
      throw error;
    }
    await this.query('COMMIT');
    return result;
  }

  /** Calls `listener` with the payload of each NOTIFY of the channels that the session listens to. */
  onNotification(listener: (payload: string) => void): void {
    this.client.on('notification', ({ payload }) => listener(payload ?? ''));
  }

  /** Calls `listener` once, when the connection has ended. */
  onLost(listener: () => void): void {
    this.client.once('end', listener);
  }

  /** Ends the session, which releases its locks. Never rejects. */
  async close(): Promise<void> {
    this.closing = true;
    clearInterval(this.heartbeat);
    await this.client.end().catch(() => undefined);
  }
}

/** Opens a session, runs work on it, and closes it. @throws SessionLost; what `work` throws. */
export async function withSession<T>(options: SessionOptions, work: (session: Session) => Promise<T>): Promise<T> {
  const session = await Session.open(options);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}
