import { cart, type Cart } from '@stoa/cart-contract';
import { type Caller, type ErrorBody, type IncomingReply, newId, topicNames } from '@stoa/messaging';
import { type AskOptions, type OperationName, ServiceUnderTest } from '@stoa/messaging/testing';
import { testKeyspaces, type TestKeyspaces } from '@stoa/sharded-service/testing';
import { bucketOf } from '@stoa/sharding/testing';
import { type Clone, eventually } from '@stoa/testing';
import { cartKeyspace } from '../src/storage/keyspace.js';

/** A reply with its body parsed; that of an error has a `code`. */
export interface Reply {
  readonly ok: boolean;
  readonly body: Cart & ErrorBody & { readonly merged: number };
}

export interface CartEvent {
  readonly key: string;
  readonly version: number;
  readonly data: { readonly change: string; readonly lines: readonly { sku: string; quantity: number }[] };
}

/** The price of a variant, or null: it is not sold any more. */
export type Offer = { readonly amount: number; readonly currency?: string; readonly available?: boolean } | null;

type Person = Caller & { readonly customerId: string };

export const newCustomer = (): Person => ({ kind: 'customer', customerId: newId() });
export const newGuest = (): Person => ({ kind: 'guest', customerId: newId() });

/** The cart service for real: its own shards and topics, clones as processes, and this test as catalog and gateway. */
export class CartService {
  private readonly offers = new Map<string, number>();
  private readonly shown = new Map<string, number>();

  private constructor(
    readonly data: TestKeyspaces,
    private readonly service: ServiceUnderTest<typeof cart>,
  ) {}

  static async start(): Promise<CartService> {
    const data = await testKeyspaces([cartKeyspace]);
    return new CartService(data, await ServiceUnderTest.open(cart, 'catalog'));
  }

  /** Starts a clone and waits until it is ready. */
  startClone(): Promise<Clone> {
    return this.service.startClone({ DIRECTORY_URL: this.data.directoryUrl });
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

  ask(operation: OperationName<typeof cart>, input: object, caller: Caller, options?: AskOptions): Promise<Reply> {
    return this.service.ask<Reply['body']>(operation, input, caller, options);
  }

  /** As ask, but the reply as it came, with who served it. */
  request(
    operation: OperationName<typeof cart>,
    input: object,
    caller: Caller,
    options?: AskOptions,
  ): Promise<IncomingReply> {
    return this.service.request(operation, input, caller, options);
  }

  /** Publishes states as the catalog does, and waits until the cart's copy has them. */
  async offer(offers: Record<string, Offer>): Promise<void> {
    const records = Object.entries(offers).map(([sku, offer]) => {
      const version = (this.offers.get(sku) ?? 0) + 1;
      this.offers.set(sku, version);
      return this.stateRecord(sku, version, offer);
    });
    await this.service.port.produce(records, 'all');
    await this.caughtUp();
  }

  stateRecord(sku: string, version: number, offer: Offer) {
    const state = offer && {
      sku,
      product: `product-${sku.toLowerCase()}`,
      title: `The ${sku}`,
      imageUrl: null,
      price: { amount: offer.amount, currency: offer.currency ?? 'EUR' },
      available: offer.available ?? true,
    };
    const headers = { id: newId(), type: 'variant', version: String(version), v: '1' };
    const topic = topicNames(this.service.prefix, 'catalog').states;
    return { topic, key: sku, value: state && JSON.stringify(state), headers };
  }

  /** Publishes, as the catalog does when something is sold out or back, what shoppers are to see; null: it is gone. */
  async showAvailability(sku: string, available: boolean | null): Promise<void> {
    const version = (this.shown.get(sku) ?? 0) + 1;
    this.shown.set(sku, version);
    await this.publish([this.availabilityRecord(sku, version, available)]);
    await this.caughtUp();
  }

  availabilityRecord(sku: string, version: number, available: boolean | null) {
    const headers = { id: newId(), type: 'availability', version: String(version), v: '4' };
    const value = available === null ? null : JSON.stringify({ sku, available });
    return { topic: this.availabilityTopic, key: sku, value, headers };
  }

  private get availabilityTopic(): string {
    return `${topicNames(this.service.prefix, 'catalog').states}.availability`;
  }

  async publish(records: readonly ReturnType<CartService['stateRecord']>[]): Promise<void> {
    await this.service.port.produce(records, 'all');
  }

  /** All events of a cart so far, in their order. Waits until there are `count`. */
  async events(customerId: string, count: number): Promise<CartEvent[]> {
    const records = await this.service.published(['events'], count, ({ key }) => key?.toString() === customerId);
    return records.map(({ value, headers }) => ({
      key: customerId,
      version: Number(headers['version']),
      data: JSON.parse(value?.toString() ?? '') as CartEvent['data'],
    }));
  }

  /**
   * Publishes, as the profile service does, that a customer was erased; under the same version, it is a second
   * delivery.
   */
  async erase(customerId: string, version = 2): Promise<void> {
    const value = JSON.stringify({ customerId, erasedAt: new Date().toISOString() });
    const headers = { id: newId(), type: 'customerErased', version: String(version), v: '2' };
    const topic = topicNames(this.service.prefix, 'profile').events;
    await this.service.port.produce([{ topic, key: customerId, value, headers }], 'all');
  }

  /** Publishes, as the service order does, that a customer has bought something. */
  async order(customerId: string, version: number, lines: readonly { sku: string; quantity: number }[]): Promise<void> {
    const about = { customerId, orderId: newId(), number: '1', cartVersion: 1, coupon: null };
    const total = { amount: 1, currency: 'EUR' };
    const value = JSON.stringify({ ...about, lines, total, at: new Date().toISOString() });
    const headers = { id: newId(), type: 'orderPlaced', version: String(version), v: '1' };
    const topic = topicNames(this.service.prefix, 'order').events;
    await this.service.port.produce([{ topic, key: customerId, value, headers }], 'all');
  }

  /** The shard that has a customer's bucket. */
  placeOf(customerId: string): Promise<string | undefined> {
    return this.data.shardOf(cartKeyspace.name, bucketOf(customerId));
  }

  /** Kills all clones when `stuck` returns: what it began is held up by a lock on the customer's cart. */
  async killWhileLocked(customerId: string, stuck: () => Promise<void>): Promise<void> {
    const lock = 'SELECT 1 FROM carts WHERE customer_id = $1 FOR UPDATE';
    await this.data.whileLocked(cartKeyspace.name, lock, [customerId], async () => {
      await stuck();
      await this.service.killClones();
    });
  }

  /** A new clone on shards that have lost their copies of the catalog. */
  async restartWithoutProducts(): Promise<void> {
    await this.service.stopClones();
    await this.rows('TRUNCATE products, state_offsets');
    await this.startClone();
  }

  /** A new clone on shards whose copies of the catalog nobody has followed for days. */
  async restartAfterDays(): Promise<void> {
    await this.service.stopClones();
    await this.rows(`UPDATE state_offsets SET updated_at = now() - interval '7 days'`);
    await this.startClone();
  }

  /** Waits until each shard's copy has all that was published. */
  async caughtUp(): Promise<void> {
    const topics = [topicNames(this.service.prefix, 'catalog').states, this.availabilityTopic];
    const ends = await Promise.all(topics.map((topic) => this.service.port.admin.endOffsets(topic)));
    const published = ends.flat().reduce((sum, end) => sum + end, 0);
    await eventually(async () => {
      const rows = await this.rows<{ read: string }>('SELECT sum(next_offset) AS read FROM state_offsets');
      const behind = rows.find(({ read }) => Number(read) !== published);
      if (behind) throw new Error(`read ${behind.read} of ${published} states`);
    });
  }

  async stop(): Promise<void> {
    await this.service.stop();
    await this.data.drop();
  }
}
