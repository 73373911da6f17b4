import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { applyKnownSettings } from '../sessions/settings.js';
import { breakConnection } from '../sessions/wire.js';
import type { Sql } from '../sql/sql.js';

export interface LockSessionOptions {
  readonly url: string;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  /** Without a heartbeat for so long the server ends the session, and with it the lock; 2,000 ms if not given. */
  readonly idleTimeoutMs?: number;
}

const CONNECT_TIMEOUT_MS = 3_000;
const DEFAULT_IDLE_TIMEOUT_MS = 2_000;

const TRY_LOCKS =
  'SELECT name, pg_try_advisory_lock(hashtextextended(name, 0)) AS locked FROM unnest($1::text[]) AS name';

/**
 * Exists to hold advisory locks for as long as this process lives; it works by a heartbeat on a session of its own. A
 * process that freezes sends none, and the server ends the session; one that loses the server gets no reply to it.
 */
export class LockSession implements Sql {
  private heartbeat: NodeJS.Timeout | undefined;
  private repliedAt = 0;
  private readonly names = new Map<string, string>();
  private readonly over = new AbortController();

  private constructor(
    private readonly client: Client,
    private readonly idleTimeoutMs: number,
  ) {
    client.on('error', (error) => this.over.abort(error));
    client.on('end', () => this.over.abort(new Error('the session ended')));
  }

  /** @throws Error when the server can't be reached. */
  static async open(options: LockSessionOptions): Promise<LockSession> {
    const idleTimeoutMs = options.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS;
    const client = new Client({
      connectionString: options.url,
      application_name: options.applicationName,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      pipeline: true,
    });
    const session = new LockSession(client, idleTimeoutMs);
    try {
      await client.connect();
      await applyKnownSettings(client, {
        idle_session_timeout: String(idleTimeoutMs),
        statement_timeout: '10000',
        tcp_keepalives_idle: '2',
        tcp_keepalives_interval: '1',
        tcp_keepalives_count: '3',
        tcp_user_timeout: '5000',
      });
    } catch (error) {
      await session.close();
      throw error;
    }
    session.heartbeat = setInterval(() => void session.beat(), idleTimeoutMs / 4);
    return session;
  }

  /** Aborted once the session, and any lock that it held, is lost. */
  get lost(): AbortSignal {
    return this.over.signal;
  }

  async query<Row>(text: string, values?: readonly unknown[]): Promise<{ rows: Row[]; rowCount: number | null }> {
    this.over.signal.throwIfAborted();
    // Prepared once under a name: the relay sends the same query ten times a second.
    const statement = values ? { name: this.nameOf(text), text, values: [...values] } : text;
    const { rows, rowCount } = await this.client.query(statement);
    this.repliedAt = performance.now();
    return { rows: rows as Row[], rowCount };
  }

  /**
   * Takes a lock if nobody has it, without waiting: a session that waits inside of a statement holds a snapshot, and
   * vacuum could not clean the outbox for as long as another clone leads.
   */
  async tryLock(name: string): Promise<boolean> {
    return (await this.tryLocks([name])).length > 0;
  }

  /** As tryLock, for several. @returns the names of those that this session has now */
  async tryLocks(names: readonly string[]): Promise<string[]> {
    const { rows } = await this.query<{ name: string; locked: boolean }>(TRY_LOCKS, [names]);
    return rows.filter(({ locked }) => locked).map(({ name }) => name);
  }

  /** Calls `listener` on each NOTIFY of the channel. */
  async listen(channel: string, listener: () => void): Promise<void> {
    this.client.on('notification', (notification) => {
      if (notification.channel === channel) listener();
    });
    await this.query(`LISTEN ${channel}`);
  }

  /** Ends the session, and with it the locks. Waits for the server no longer than a second. */
  async close(): Promise<void> {
    clearInterval(this.heartbeat);
    const lost = this.over.signal.aborted;
    this.over.abort(new Error('the session was closed'));
    if (lost) breakConnection(this.client);
    else
      await Promise.race([
        this.client.end().catch(() => undefined),
        delay(1_000, undefined, { ref: false }).then(() => breakConnection(this.client)),
      ]);
  }

  private nameOf(text: string): string {
    const name = this.names.get(text) ?? `s${this.names.size}`;
    this.names.set(text, name);
    return name;
  }

  private async beat(): Promise<void> {
    if (this.over.signal.aborted || performance.now() - this.repliedAt < this.idleTimeoutMs / 4) return;
    const late = setTimeout(() => {
      this.over.abort(new Error('no reply to the heartbeat'));
      breakConnection(this.client);
    }, this.idleTimeoutMs);
    try {
      await this.client.query('SELECT 1');
    } catch (error) {
      this.over.abort(error);
    } finally {
      clearTimeout(late);
    }
  }
}
