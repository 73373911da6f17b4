import { catalog } from '@stoa/catalog-contract';
import { newId, type Caller, messagingMigrations, topicNames } from '@stoa/messaging';
import { ServiceUnderTest, type OperationName } from '@stoa/messaging/testing';
import { testDatabase, type Clone, type TestDatabase } from '@stoa/testing';
import { Client } from 'pg';

const OPERATOR: Caller = { kind: 'operator', customerId: newId() };
const FRAME_BYTES = 256 * 1024;

export interface Published {
  readonly type: string;
  readonly key: string;
  readonly version: number;
}

/** An event of the service order, under its customer's version. */
export interface OrderEvent {
  readonly type: 'orderPlaced' | 'orderRefused' | 'orderCancelled' | 'itemsRestocked';
  readonly version: number;
  readonly data: { readonly customerId: string; readonly orderId: string } & Record<string, unknown>;
}

/** The catalog for real: its own database and topics, clones as processes, and this test as the gateway. */
export class CatalogService {
  private constructor(
    private readonly database: TestDatabase,
    private readonly sql: Client,
    private readonly service: ServiceUnderTest<typeof catalog>,
  ) {}

  static async start(): Promise<CatalogService> {
    const database = await testDatabase({ migrations: [messagingMigrations, 'apps/catalog/prisma/migrations'] });
    const sql = new Client({ connectionString: database.url });
    await sql.connect();
    return new CatalogService(database, sql, await ServiceUnderTest.open(catalog));
  }

  /** Starts a clone and waits until it is ready. */
  startClone(): Promise<Clone> {
    return this.service.startClone({ CATALOG_DATABASE_URL: this.database.url });
  }

  /** The last statement of each session of the database. */
  async lastStatements(): Promise<string[]> {
    const text = 'SELECT query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()';
    return (await this.sql.query<{ query: string }>(text)).rows.map(({ query }) => query);
  }

  ask<T>(
    operation: OperationName<typeof catalog>,
    input: object,
    caller: Caller = OPERATOR,
  ): Promise<{ ok: boolean; body: T }> {
    return this.service.ask<T>(operation, input, caller);
  }

  /** Publishes events of the service order, as it does. */
  async report(events: readonly OrderEvent[]): Promise<void> {
    const topic = topicNames(this.service.prefix, 'order').events;
    const records = events.map(({ type, version, data }) => ({
      topic,
      key: data.customerId,
      value: JSON.stringify({ ...data, at: new Date().toISOString() }),
      headers: { id: newId(), type, version: String(version), v: '1' },
    }));
    await this.service.port.produce(records, 'all');
  }

  /** A variant's row. */
  async shelf(sku: string): Promise<{ stock: number; reserved: number } | undefined> {
    const text = 'SELECT stock, reserved FROM variants WHERE sku = $1';
    return (await this.sql.query<{ stock: number; reserved: number }>(text, [sku])).rows[0];
  }

  /** Sends a file frame by frame. @returns the import's id. */
  async upload(content: string, format: 'shopify' | 'ndjson'): Promise<string> {
    const bytes = Buffer.from(content);
    const id = newId();
    const contentType = format === 'shopify' ? 'text/csv' : 'application/x-ndjson';
    const frames = Math.ceil(bytes.length / FRAME_BYTES);
    for (let sequence = 0; sequence < frames; sequence++) {
      const data = bytes.subarray(sequence * FRAME_BYTES, (sequence + 1) * FRAME_BYTES).toString('base64');
      const upload = { id, sequence, last: sequence === frames - 1, contentType, data };
      const { ok, body } = await this.ask('importProducts', { format, file: 'test', currency: 'USD', upload });
      if (!ok) throw new Error(JSON.stringify(body));
    }
    return id;
  }

  /** An import as its row says, also while no clone is there to ask. */
  async job(id: string): Promise<{ status: string; created: number }> {
    const text = 'SELECT status, products_created AS created FROM import_jobs WHERE id = $1';
    const { rows } = await this.sql.query<{ status: string; created: number }>(text, [id]);
    if (!rows[0]) throw new Error(`no import ${id}`);
    return rows[0];
  }

  /** From now on no import gets beyond so many products: what would save more fails as if it had to wait too long. */
  async holdImportsAt(products: number): Promise<void> {
    await this.sql.query(`
      CREATE OR REPLACE FUNCTION hold_import() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.products_created > ${products} THEN RAISE 'held up' USING ERRCODE = 'lock_not_available'; END IF;
        RETURN NEW;
      END $$;
      CREATE OR REPLACE TRIGGER hold_import BEFORE UPDATE ON import_jobs FOR EACH ROW EXECUTE FUNCTION hold_import()`);
  }

  /** Lets all leases expire, as a quarter of a minute does. */
  async expireLeases(): Promise<void> {
    await this.sql.query('UPDATE import_jobs SET lease_until = now()');
  }

  /** Everything that reached Kafka, per key in its order. Waits until there are `count`. */
  async published(count: number): Promise<Published[]> {
    const records = await this.service.published(['events', 'states'], count);
    return records.map(({ key, headers }) => ({
      type: headers['type'] ?? '',
      key: key?.toString() ?? '',
      version: Number(headers['version']),
    }));
  }

  async stop(): Promise<void> {
    await this.service.stop();
    await this.sql.end();
    await this.database.drop();
  }
}
