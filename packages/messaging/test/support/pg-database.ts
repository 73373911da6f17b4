import { Pool, type PoolClient } from 'pg';
import { isTransient, type Database, type DatabaseServer, type Sql } from '@stoa/postgres';

/**
 * The least that a Database can be: one pool of pipelined sessions per URL. Services have PgDatabase of the service
 * kit.
 */
export class SimplePgDatabase implements Database {
  private readonly all: readonly SimpleServer[];

  constructor(
    urls: readonly string[],
    private readonly bucket: (key: string) => number = () => 0,
    name = 'test',
  ) {
    this.all = urls.map((url, index) => new SimpleServer(`${name}@${index}`, url));
  }

  transaction<T>(bucket: number, work: (tx: Sql) => Promise<T>): Promise<T> {
    return this.server(bucket % this.all.length).transaction(work);
  }

  transactionOver<T>([bucket = 0]: readonly number[], work: (tx: Sql) => Promise<T>): Promise<T> {
    return this.transaction(bucket, work);
  }

  servers(): readonly SimpleServer[] {
    return this.all;
  }

  server(index: number): SimpleServer {
    const server = this.all[index];
    if (!server) throw new Error(`no server ${index}`);
    return server;
  }

  serverNameOf(bucket: number): string {
    return this.server(bucket % this.all.length).name;
  }

  bucketOf(key: string): number {
    return this.bucket(key);
  }

  isTransient(error: unknown): boolean {
    return isTransient(error);
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((server) => server.pool.end()));
  }
}

export class SimpleServer implements DatabaseServer {
  readonly pool: Pool;

  constructor(
    readonly name: string,
    readonly url: string,
  ) {
    this.pool = new Pool({ connectionString: url, max: 10, pipeline: true });
    this.pool.on('error', () => undefined);
    this.pool.on('connect', (client) => client.on('error', () => undefined));
  }

  async transaction<T>(work: (tx: Sql) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    let broken = false;
    try {
      await client.query('BEGIN');
      const result = await work(handle(client));
      const { command } = await client.query('COMMIT');
      if (command !== 'COMMIT') throw new Error('COMMIT rolled back');
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {
        broken = true;
      });
      throw error;
    } finally {
      client.release(broken);
    }
  }

  async rows<Row = Record<string, unknown>>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.pool.query(text, values)).rows as Row[];
  }
}

const handle = (client: PoolClient): Sql => ({
  pipelined: true,
  query: async <Row>(text: string, values?: readonly unknown[]) => {
    const { rows, rowCount } = await client.query(text, values as unknown[]);
    return { rows: rows as Row[], rowCount };
  },
});
