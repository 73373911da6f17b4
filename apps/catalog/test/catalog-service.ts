import { catalog } from '@stoa/catalog-contract';
import {
  keyOf,
  newId,
  openKafka,
  StoaClient,
  topicNames,
  type Caller,
  type KafkaPort,
  type MessagingOptions,
} from '@stoa/messaging';
import { createLogger } from '@stoa/service';
import {
  eventually,
  startClone,
  testDatabase,
  testKafkaBrokers,
  uniqueName,
  type Clone,
  type TestDatabase,
} from '@stoa/testing';
import { Client } from 'pg';

type OperationName = Exclude<keyof typeof catalog, '$about' | 'productChanged' | 'productRemoved' | 'variant'>;

const OPERATOR: Caller = { kind: 'operator', customerId: newId() };
const FRAME_BYTES = 256 * 1024;

export interface Published {
  readonly type: string;
  readonly key: string;
  readonly version: number;
}

/** The catalog for real: its own database and topics, clones as processes, and this test as the gateway. */
export class CatalogService {
  private readonly clones: Clone[] = [];

  private constructor(
    private readonly database: TestDatabase,
    private readonly sql: Client,
    private readonly prefix: string,
    private readonly port: KafkaPort,
    private readonly client: StoaClient,
  ) {}

  static async start(): Promise<CatalogService> {
    const prefix = `${uniqueName('catalog')}.`;
    const database = await testDatabase({ migrations: 'apps/catalog/prisma/migrations' });
    const sql = new Client({ connectionString: database.url });
    await sql.connect();
    const logger = createLogger({ service: 'test', clone: 'test', level: 'warn' });
    const brokers = [testKafkaBrokers()];
    const port = await openKafka({ brokers, client: 'platformatic', clientId: 'test', logger });
    const options: MessagingOptions = {
      ...{ brokers, client: 'platformatic', topicPrefix: prefix, service: 'test', clone: 'test', logger },
      ...{ replicationFactor: 1, partitions: 3 },
    };
    const client = new StoaClient(port, options);
    await client.connect();
    return new CatalogService(database, sql, prefix, port, client);
  }

  /** Starts a clone and waits until it is ready. */
  async startClone(): Promise<Clone> {
    const env = { KAFKA_TOPIC_PREFIX: this.prefix, KAFKA_PARTITIONS: '3', CATALOG_DATABASE_URL: this.database.url };
    const clone = await startClone('catalog', { env });
    this.clones.push(clone);
    return clone;
  }

  async ask<T>(operation: OperationName, input: object): Promise<{ ok: boolean; body: T }> {
    const declared = catalog[operation];
    const id = newId();
    const { ok, body } = await this.client.request({
      ...{ service: 'catalog', operation, kind: declared.kind, id, caller: OPERATOR, budgetMs: 10_000 },
      contractVersion: declared.since ?? 1,
      key: declared.kind === 'command' ? keyOf(declared, id, input, OPERATOR) : null,
      body: JSON.stringify(input),
    });
    return { ok, body: JSON.parse(body.toString()) as T };
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

  /** What a quarter of a minute does by itself. */
  async expireLeases(): Promise<void> {
    await this.sql.query('UPDATE import_jobs SET lease_until = now()');
  }

  /** Everything that reached Kafka, per key in its order. Waits until there are `count`. */
  async published(count: number): Promise<Published[]> {
    const { events, states } = topicNames(this.prefix, 'catalog');
    const seen: Published[] = [];
    const partitions = await Promise.all(
      [events, states].map(async (topic) =>
        Array.from({ length: await this.port.admin.partitionCount(topic) }, (_, partition) => ({
          ...{ topic, partition },
          from: 'beginning' as const,
        })),
      ),
    );
    const follower = await this.port.follow({
      isolation: 'committed',
      partitions: partitions.flat(),
      onRecords: (records) => {
        for (const { key, headers } of records) {
          seen.push({ type: headers['type'] ?? '', key: key?.toString() ?? '', version: Number(headers['version']) });
        }
      },
    });
    try {
      await eventually(
        () => {
          if (seen.length < count) throw new Error(`${seen.length} of ${count} records`);
        },
        { timeoutMs: 60_000 },
      );
      return seen;
    } finally {
      await follower.close();
    }
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.clones.map((clone) => clone.stop()));
    await this.client.close();
    const topics = await this.port.admin.listTopics();
    await this.port.admin.deleteTopics(topics.filter((topic) => topic.startsWith(this.prefix)));
    await this.port.close();
    await this.sql.end();
    await this.database.drop();
  }
}
