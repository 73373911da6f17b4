import { Pool, type PoolClient } from 'pg';
import { SessionLost, stateOf, type Sql, type Statement } from '@stoa/postgres';
import type { ShardServer } from '../src/shard-server.js';

/** Options of a PooledServer. */
export interface PooledServerOptions {
  readonly name: string;
  readonly url: string;
  readonly application: string;
  readonly maxConnections: number;
}

/** Timeouts in milliseconds: a frozen process must not hold a bucket's lock, for which a move would wait. */
const TIMEOUTS = {
  statement_timeout: 10_000,
  lock_timeout: 5_000,
  idle_in_transaction_session_timeout: 1_000,
  connectionTimeoutMillis: 3_000,
};

/** A plain pool of connections to one shard. */
export class PooledServer implements ShardServer {
  readonly name: string;
  readonly url: string;
  private readonly pool: Pool;

  constructor({ name, url, application, maxConnections }: PooledServerOptions) {
    this.name = name;
    this.url = url;
    this.pool = new Pool({
      connectionString: url,
      application_name: application,
      max: maxConnections,
      keepAlive: true,
      // The check of ownership travels with the work's first statement; without pipelining, pg warns of it.
      pipeline: true,
      ...TIMEOUTS,
    });
    // The pool replaces idle connections that broke; unheard, the event would end the process.
    this.pool.on('error', () => undefined);
    this.pool.on('connect', (client) => client.on('error', () => undefined));
  }

  async transaction<T>(work: (tx: Sql) => Promise<T>): Promise<T> {
    return this.withClient(async (client) => {
      const tx: Sql = {
        query: async <Row>(text: string, values?: readonly unknown[]) => {
          const { rows, rowCount } = await client.query(text, values as unknown[] | undefined);
          return { rows: rows as Row[], rowCount };
        },
      };
      await client.query('BEGIN');
      try {
        const result = await work(tx);
        const { command } = await client.query('COMMIT');
        if (command !== 'COMMIT') throw new Error('A failed statement was ignored: the transaction was rolled back');
        return result;
      } catch (error) {
        await client.query('ROLLBACK').catch(() => undefined);
        throw error;
      }
    });
  }

  async read<Row>({ name, text, values = [] }: Statement): Promise<Row[]> {
    const statement = { text, values: values as unknown[], ...(name !== undefined && { name }) };
    return this.withClient(async (client) => (await client.query(statement)).rows as Row[]);
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  private async withClient<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.pool.connect().catch((error: unknown) => {
      throw new SessionLost(this.name, error);
    });
    let lost = false;
    const onLost = (): void => void (lost = true);
    client.on('error', onLost);
    try {
      return await work(client);
    } catch (error) {
      // 57P…: the server ends the session right after saying so.
      lost ||= stateOf(error)?.startsWith('57P') === true;
      throw lost ? new SessionLost(this.name, error) : error;
    } finally {
      client.off('error', onLost);
      client.release(lost);
    }
  }
}
