import { setTimeout as delay } from 'node:timers/promises';
import { ConnectionPool, FetchIsolationLevels, type Consumer } from '@stoa/kafka-client';
import {
  KafkaError,
  type Isolation,
  type KafkaRecord,
  type RecordsListener,
  type TopicOffset,
  type TopicPartition,
} from '../port.js';
import { isProtocolError, kafkaError } from './errors.js';
import type {
  FetchRequestPartition,
  FetchRequestTopic,
  FetchResponse,
  FetchResponsePartition,
} from './library-types.js';
import { boundsOf, nameOf } from './offset-bounds.js';
import { readBatch } from './records.js';
import { backoff } from './settings.js';
import { visibleBatches } from './visible-batches.js';

export interface FetcherOptions {
  readonly isolation: Isolation;
  readonly onRecords: RecordsListener;
  readonly onFault: (error: KafkaError) => void;
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly resetTo: 'beginning' | 'end';
  /** Connections for fetches only: a waiting fetch blocks whatever is sent behind it. */
  readonly newPool: () => ConnectionPool;
}

interface Cursor extends TopicPartition {
  next: number;
  paused: boolean;
}

/** Where a Kafka partition is led, and its topic's id there. */
interface Place {
  readonly node: number;
  readonly topicId: string;
}

interface Request {
  readonly topics: FetchRequestTopic[];
  readonly topicNames: Map<string, string>;
  /** What was asked for, by partition: an answer is only good for a cursor that still stands there. */
  readonly asked: Map<string, { readonly cursor: Cursor; readonly from: number }>;
  readonly somePaused: boolean;
}

// While a partition is paused, waits are short, so that it gets its turn soon after it is resumed.
const WAIT_WHILE_PAUSED_MS = 100;

/**
 * Fetches Kafka partitions over the library's low-level fetch: one waiting request per broker (a lane). The library's own
 * stream can't pause a single Kafka partition, makes a new assignment wait for the running fetch to end, and does not know
 * LogAppendTime.
 *
 * A change of what is fetched starts a new generation of lanes; the waiting fetches are cut off with their connections.
 */
export class Fetcher {
  readonly #cursors = new Map<string, Cursor>();
  #generation = 0;
  #pool: ConnectionPool | undefined;
  #stopped = false;
  #failures = 0;
  #changed = Promise.withResolvers<void>();

  constructor(
    private readonly consumer: Consumer,
    private readonly options: FetcherOptions,
  ) {}

  add(positions: readonly TopicOffset[]): void {
    for (const { topic, partition, offset } of positions) {
      this.#cursors.set(nameOf({ topic, partition }), { topic, partition, next: offset, paused: false });
    }
    this.#restart();
  }

  /** What a running fetch brings of these is dropped. */
  remove(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#cursors.delete(nameOf(partition));
  }

  pause(partition: TopicPartition): void {
    const cursor = this.#cursors.get(nameOf(partition));
    if (cursor) cursor.paused = true;
  }

  resume(partition: TopicPartition): void {
    const cursor = this.#cursors.get(nameOf(partition));
    if (!cursor?.paused) return;
    cursor.paused = false;
    this.#wake();
  }

  seek(partition: TopicPartition, offset: number): void {
    const cursor = this.#cursors.get(nameOf(partition));
    if (!cursor) return;
    cursor.next = offset;
    this.#restart();
  }

  position(partition: TopicPartition): number | undefined {
    return this.#cursors.get(nameOf(partition))?.next;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#generation += 1;
    this.#wake();
    await this.#pool?.close().catch(() => undefined);
    this.#pool = undefined;
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  #restart(): void {
    if (this.#stopped) return;
    this.#generation += 1;
    this.#wake();
    void this.#pool?.close().catch(() => undefined);
    this.#pool = this.options.newPool();
    void this.#run(this.#generation, this.#pool);
  }

  async #run(generation: number, pool: ConnectionPool): Promise<void> {
    try {
      const places = await this.#places();
      const nodes = new Set([...places.values()].map((place) => place.node));
      await Promise.all([...nodes].map((node) => this.#lane(generation, pool, node, places)));
    } catch (error) {
      if (generation === this.#generation) await this.#recover(generation, error);
    }
  }

  async #places(): Promise<Map<string, Place>> {
    const topics = [...new Set([...this.#cursors.values()].map((cursor) => cursor.topic))];
    const places = new Map<string, Place>();
    if (topics.length === 0) return places;
    const metadata = await this.consumer.metadata({ topics });
    for (const [name, cursor] of this.#cursors) {
      const topic = metadata.topics.get(cursor.topic);
      const node = topic?.partitions[cursor.partition]?.leader ?? -1;
      if (!topic || node < 0) throw new KafkaError('RETRIABLE', `Kafka partition ${name} has no leader`);
      places.set(name, { node, topicId: topic.id });
    }
    return places;
  }

  /** Throws what the fetch throws; ends when the generation does. */
  async #lane(generation: number, pool: ConnectionPool, node: number, places: Map<string, Place>): Promise<void> {
    while (generation === this.#generation) {
      const request = this.#request(node, places);
      if (request.topics.length === 0) {
        await this.#changed.promise;
        continue;
      }
      const response = await this.#fetch(node, pool, request);
      if (generation !== this.#generation) return;
      this.#failures = 0;
      this.#deliver(response, request);
    }
  }

  #request(node: number, places: Map<string, Place>): Request {
    const topics = new Map<string, FetchRequestTopic>();
    const request: Request & { somePaused: boolean } = {
      topics: [],
      topicNames: new Map(),
      asked: new Map(),
      somePaused: false,
    };
    for (const [name, cursor] of this.#cursors) {
      const place = places.get(name);
      if (place?.node !== node) continue;
      if (cursor.paused) {
        request.somePaused = true;
        continue;
      }
      let topic = topics.get(place.topicId);
      if (!topic) {
        topic = { topicId: place.topicId, partitions: [] };
        topics.set(place.topicId, topic);
        request.topics.push(topic);
        request.topicNames.set(place.topicId, cursor.topic);
      }
      topic.partitions.push(this.#asked(cursor));
      request.asked.set(name, { cursor, from: cursor.next });
    }
    return request;
  }

  #asked = (cursor: Cursor): FetchRequestPartition => ({
    partition: cursor.partition,
    fetchOffset: BigInt(cursor.next),
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
    partitionMaxBytes: Math.ceil(this.options.maxBytes / 2),
  });

  #fetch(node: number, pool: ConnectionPool, request: Request): Promise<FetchResponse> {
    const { maxWaitMs, maxBytes, isolation } = this.options;
    return this.consumer.fetch({
      node,
      topics: request.topics,
      connectionPool: pool,
      minBytes: 1,
      maxBytes,
      maxWaitTime: request.somePaused ? Math.min(WAIT_WHILE_PAUSED_MS, maxWaitMs) : maxWaitMs,
      isolationLevel:
        isolation === 'committed' ? FetchIsolationLevels.READ_COMMITTED : FetchIsolationLevels.READ_UNCOMMITTED,
    });
  }

  #deliver(response: FetchResponse, request: Request): void {
    const records: KafkaRecord[] = [];
    for (const { topicId, partitions } of response.responses) {
      const topic = request.topicNames.get(topicId);
      if (topic === undefined) continue;
      for (const partition of partitions) this.#read(records, topic, partition, request);
    }
    if (records.length > 0) this.options.onRecords(records);
  }

  #read(into: KafkaRecord[], topic: string, fetched: FetchResponsePartition, request: Request): void {
    const name = nameOf({ topic, partition: fetched.partitionIndex });
    const cursor = this.#cursors.get(name);
    const asked = request.asked.get(name);
    const last = fetched.records?.at(-1);
    if (!last || !cursor || cursor.paused || cursor !== asked?.cursor || cursor.next !== asked.from) return;
    for (const batch of visibleBatches(fetched, this.options.isolation)) {
      readBatch(into, topic, fetched.partitionIndex, batch, cursor.next);
    }
    cursor.next = Number(last.firstOffset) + last.lastOffsetDelta + 1;
  }

  /** Waits a little, puts right what an error says, and starts anew. */
  async #recover(generation: number, error: unknown): Promise<void> {
    this.#failures += 1;
    this.consumer.clearMetadata();
    try {
      if (isProtocolError(error, 'OFFSET_OUT_OF_RANGE')) await this.#resetOutOfRange(error);
      else this.options.onFault(kafkaError(error));
    } catch (fault) {
      this.options.onFault(kafkaError(fault));
    }
    await delay(backoff(this.#failures));
    if (generation === this.#generation) this.#restart();
  }

  /** Retention deleted what was to be read next, or the topic was made anew. */
  async #resetOutOfRange(error: unknown): Promise<void> {
    const { beginning, end } = await boundsOf(this.consumer, [...this.#cursors.values()]);
    for (const [name, cursor] of this.#cursors) {
      const [low, high] = [beginning.get(name) ?? 0, end.get(name) ?? 0];
      if (cursor.next >= low && cursor.next <= high) continue;
      cursor.next = this.options.resetTo === 'beginning' ? low : high;
      this.options.onFault(
        new KafkaError('OTHER', `${name}: offset out of range, going on at ${cursor.next}`, { cause: error }),
      );
    }
  }
}
