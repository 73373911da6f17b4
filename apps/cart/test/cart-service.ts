import { cart, type Cart } from '@stoa/cart-contract';
import {
  ensureTopics,
  keyOf,
  newId,
  openKafka,
  StoaClient,
  topicNames,
  type Caller,
  type ErrorBody,
  type IncomingReply,
  type KafkaPort,
  type MessagingOptions,
} from '@stoa/messaging';
import { createLogger } from '@stoa/service';
import { testKeyspaces, type TestKeyspaces } from '@stoa/sharded-service/testing';
import { eventually, startClone, testKafkaBrokers, uniqueName, type Clone } from '@stoa/testing';
import { Client } from 'pg';
import { cartKeyspace } from '../src/storage/keyspace.js';

type OperationName =
  | 'getCart'
  | 'addItem'
  | 'changeItem'
  | 'removeItem'
  | 'joinGuestCart'
  | 'closeGuestCart'
  | 'mergeLines';

export interface AskOptions {
  /** The command id; a fresh one if not given. */
  readonly id?: string;
  readonly expectedVersion?: number;
  readonly budgetMs?: number;
}

/** An answer with its body parsed; a refusal has a `code`. */
export interface Answer {
  readonly ok: boolean;
  readonly body: Cart & ErrorBody & { readonly merged: number };
}

export interface CartEvent {
  readonly key: string;
  readonly version: number;
  readonly data: { readonly change: string; readonly lines: readonly { sku: string; quantity: number }[] };
}

/** What a variant costs, or null: it is not sold any more. */
export type Offer = { readonly amount: number; readonly currency?: string; readonly available?: boolean } | null;

type Person = Caller & { readonly customerId: string };

export const newCustomer = (): Person => ({ kind: 'customer', customerId: newId() });
export const newGuest = (): Person => ({ kind: 'guest', customerId: newId() });

/** The cart service for real: its own shards and topics, clones as processes, and this test as catalog and gateway. */
export class CartService {
  private readonly offers = new Map<string, number>();
  private readonly clones: Clone[] = [];

  private constructor(
    readonly data: TestKeyspaces,
    private readonly prefix: string,
    private readonly port: KafkaPort,
    private readonly client: StoaClient,
  ) {}

  static async start(): Promise<CartService> {
    const prefix = `${uniqueName('cart')}.`;
    const data = await testKeyspaces([cartKeyspace]);
    const logger = createLogger({ service: 'test', clone: 'test', level: 'warn' });
    const brokers = [testKafkaBrokers()];
    const port = await openKafka({ brokers, client: 'platformatic', clientId: 'test', logger });
    const options: MessagingOptions = {
      ...{ brokers, client: 'platformatic', topicPrefix: prefix, service: 'catalog', clone: 'test', logger },
      ...{ replicationFactor: 1, partitions: 3 },
    };
    await ensureTopics(port, options);
    const client = new StoaClient(port, options);
    await client.connect();
    return new CartService(data, prefix, port, client);
  }

  /** Starts a clone and waits until it is ready. */
  async startClone(): Promise<Clone> {
    const env = { KAFKA_TOPIC_PREFIX: this.prefix, KAFKA_PARTITIONS: '3', DIRECTORY_URL: this.data.directoryUrl };
    const clone = await startClone('cart', { env });
    this.clones.push(clone);
    return clone;
  }

  /** The rows of all shards. */
  rows<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]> {
    return this.data.rows<Row>(cartKeyspace.name, text, values);
  }

  /** The shards that have rows of a customer's cart. */
  async shardsOf(customerId: string): Promise<string[]> {
    const rows = await this.rows<{ shard: string }>(
      'SELECT (SELECT shard FROM sharding.identity) AS shard FROM carts WHERE customer_id = $1',
      [customerId],
    );
    return rows.map(({ shard }) => shard);
  }

  async ask(operation: OperationName, input: object, caller: Caller, options: AskOptions = {}): Promise<Answer> {
    const { ok, body } = await this.request(operation, input, caller, options);
    return { ok, body: JSON.parse(body.toString()) as Answer['body'] };
  }

  /** As ask, but the reply as it came, with who served it. */
  request(operation: OperationName, input: object, caller: Caller, options: AskOptions = {}): Promise<IncomingReply> {
    const { id = newId(), expectedVersion, budgetMs = 10_000 } = options;
    const declared = cart[operation];
    return this.client.request({
      ...{ service: 'cart', operation, kind: declared.kind, id, caller, budgetMs, contractVersion: 1 },
      key: declared.kind === 'command' ? keyOf(declared, id, input, caller) : null,
      body: JSON.stringify(input),
      ...(expectedVersion !== undefined && { expectedVersion }),
    });
  }

  /** Publishes states as the catalog does, and waits until the cart's copy has them. */
  async offer(offers: Record<string, Offer>): Promise<void> {
    const records = Object.entries(offers).map(([sku, offer]) => {
      const version = (this.offers.get(sku) ?? 0) + 1;
      this.offers.set(sku, version);
      return this.stateRecord(sku, version, offer);
    });
    await this.port.produce(records, 'all');
    await this.caughtUp();
  }

  stateRecord(sku: string, version: number, offer: Offer) {
    const state = offer && {
      ...{ sku, product: `product-${sku.toLowerCase()}`, title: `The ${sku}`, imageUrl: null },
      price: { amount: offer.amount, currency: offer.currency ?? 'EUR' },
      available: offer.available ?? true,
    };
    const headers = { id: newId(), type: 'variant', version: String(version), v: '1' };
    const topic = topicNames(this.prefix, 'catalog').states;
    return { topic, key: sku, value: state && JSON.stringify(state), headers };
  }

  async publish(records: readonly ReturnType<CartService['stateRecord']>[]): Promise<void> {
    await this.port.produce(records, 'all');
  }

  /** All events of a cart so far, in their order. Waits until there are `count`. */
  async events(customerId: string, count: number): Promise<CartEvent[]> {
    const topic = topicNames(this.prefix, 'cart').events;
    const partitions = await this.port.admin.partitionCount(topic);
    const events: CartEvent[] = [];
    const follower = await this.port.follow({
      isolation: 'committed',
      partitions: Array.from({ length: partitions }, (_, partition) => ({
        topic,
        partition,
        from: 'beginning' as const,
      })),
      onRecords: (records) => {
        for (const { key, value, headers } of records) {
          if (key?.toString() !== customerId || !value) continue;
          const data = JSON.parse(value.toString()) as CartEvent['data'];
          events.push({ key: key.toString(), version: Number(headers['version']), data });
        }
      },
    });
    try {
      await eventually(() => {
        if (events.length < count) throw new Error(`${events.length} of ${count} events`);
      });
      return events;
    } finally {
      await follower.close();
    }
  }

  /** Kills all clones when `stuck` returns: what it began is held up by a lock on the customer's cart. */
  async killWhileLocked(customerId: string, stuck: () => Promise<void>): Promise<void> {
    const shards = this.data.shards.get(cartKeyspace.name) ?? [];
    const lockers = shards.map(({ adminUrl }) => new Client({ connectionString: adminUrl }));
    for (const locker of lockers) {
      await locker.connect();
      await locker.query('BEGIN');
      await locker.query('SELECT 1 FROM carts WHERE customer_id = $1 FOR UPDATE', [customerId]);
    }
    await stuck();
    await Promise.all(this.clones.splice(0).map((clone) => clone.kill()));
    await Promise.all(lockers.map((locker) => locker.end()));
  }

  /** A new clone on shards that have lost their copies of the catalog. */
  async restartWithoutProducts(): Promise<void> {
    await Promise.all(this.clones.splice(0).map((clone) => clone.stop()));
    await this.rows('TRUNCATE products, state_offsets');
    await this.startClone();
  }

  /** Waits until each shard's copy has all that was published. */
  async caughtUp(): Promise<void> {
    const ends = await this.port.admin.endOffsets(topicNames(this.prefix, 'catalog').states);
    const published = ends.reduce((sum, end) => sum + end, 0);
    await eventually(async () => {
      const rows = await this.rows<{ read: string }>('SELECT sum(next_offset) AS read FROM state_offsets');
      const behind = rows.find(({ read }) => Number(read) !== published);
      if (behind) throw new Error(`read ${behind.read} of ${published} states`);
    });
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.clones.map((clone) => clone.stop()));
    await this.client.close();
    await this.port.close();
    await this.data.drop();
  }
}
