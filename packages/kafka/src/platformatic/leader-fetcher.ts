import { FetchIsolationLevels, fetchV17, type Connection, type ConnectionPool } from '@stoa/kafka/client';
import type { KafkaError, KafkaRecord, TopicPartition } from '../port/port.js';
import { isProtocolError, kafkaError } from './errors.js';
import { FetchSession, type Wanted } from './fetch-session.js';
import type { FetcherOptions } from './fetcher-options.js';
import { responseOf, errorOf, nameOf } from './leaders.js';
import type { FetchResponse, FetchResponsePartition } from './library-types.js';
import { readBatch } from './records.js';
import { visibleBatches } from './visible-batches.js';

/** A Kafka partition that is fetched, and how far. */
export interface Cursor extends TopicPartition {
  next: number;
  /** Where `next` is to be looked up before it is fetched. */
  from?: 'beginning' | 'end' | undefined;
  paused: boolean;
  /** The topic's id where it was last found: another one is another topic of the same name. */
  topicId?: string;
  /** How often it could not be fetched since it last was. */
  failures: number;
}

export interface LeaderFetcherOptions extends Pick<
  FetcherOptions,
  'isolation' | 'onRecords' | 'maxWaitMs' | 'maxBytes'
> {
  /** Its own connection: a waiting fetch blocks whatever is sent behind it, and closing it ends the wait. */
  readonly pool: ConnectionPool;
  readonly connect: (pool: ConnectionPool) => Promise<Connection>;
  /**
   * The broker says of this Kafka partition that it can't be fetched here, or not from there. It is off the fetcher
   * already.
   */
  readonly onLost: (cursor: Cursor, error: KafkaError) => void;
  /** None of them can be fetched; the fetcher has ended. */
  readonly onFailed: (error: KafkaError) => void;
}

/** A position that was asked for: the response is only good for a cursor that is still at it. */
interface Asked {
  readonly cursor: Cursor;
  readonly from: number;
  readonly topicId: string;
}

// While a partition is paused, waits are short, so that it gets its turn soon after it is resumed.
const WAIT_WHILE_PAUSED_MS = 100;

const SESSION_ERRORS = ['FETCH_SESSION_ID_NOT_FOUND', 'INVALID_FETCH_SESSION_EPOCH', 'FETCH_SESSION_TOPIC_ID_ERROR'];

/**
 * Fetches from one broker what it leads: one waiting request after the other. The broker's fault ends the fetcher; a
 * Kafka partition's fault takes that one off it, and the others go on.
 */
export class LeaderFetcher {
  readonly cursors = new Map<string, Cursor>();
  private readonly session = new FetchSession();
  private isEnded = false;
  private changed = Promise.withResolvers<void>();

  constructor(private readonly options: LeaderFetcherOptions) {}

  run(): void {
    void this.fetchOn().catch((error: unknown) => {
      if (this.isEnded) return;
      this.end();
      this.options.onFailed(kafkaError(error));
    });
  }

  /** Something may be fetched again. */
  notify(): void {
    this.changed.resolve();
    this.changed = Promise.withResolvers<void>();
  }

  /** No more records. Cuts off the fetch that waits. */
  end(): void {
    this.isEnded = true;
    this.notify();
    void this.options.pool.close().catch(() => undefined);
  }

  private async fetchOn(): Promise<void> {
    while (!this.isEnded) {
      const asked = this.askable();
      if (asked.size === 0) {
        await this.changed.promise;
        continue;
      }
      const response = await this.fetch([...asked.values()]);
      if (response && !this.isEnded) this.deliver(response, asked);
    }
  }

  private askable(): Map<string, Asked> {
    const asked = new Map<string, Asked>();
    for (const cursor of this.cursors.values()) {
      const { topicId = '', partition, next, paused } = cursor;
      if (!paused) asked.set(`${topicId}:${partition}`, { cursor, from: next, topicId });
    }
    return asked;
  }

  private async fetch(asked: readonly Asked[]): Promise<FetchResponse | undefined> {
    const { maxWaitMs, maxBytes, isolation, pool, connect } = this.options;
    const connection = await connect(pool);
    const { id, epoch, topics, forgotten } = this.session.request(asked.map((one) => this.wanted(one)));
    const waitMs = asked.length < this.cursors.size ? Math.min(WAIT_WHILE_PAUSED_MS, maxWaitMs) : maxWaitMs;
    const level =
      isolation === 'committed' ? FetchIsolationLevels.READ_COMMITTED : FetchIsolationLevels.READ_UNCOMMITTED;
    try {
      const response = await responseOf(
        fetchV17.api.async(connection, waitMs, 1, maxBytes, level, id, epoch, topics, forgotten, ''),
      );
      const error = errorOf(response.errorCode);
      if (error) throw error;
      this.session.replied(response.sessionId);
      return response as FetchResponse;
    } catch (error) {
      if (id === 0 || !isProtocolError(error, ...SESSION_ERRORS)) throw error;
      this.session.restart();
      return undefined;
    }
  }

  private wanted = ({ topicId, cursor, from }: Asked): Wanted => ({
    topicId,
    asked: {
      partition: cursor.partition,
      fetchOffset: BigInt(from),
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
      partitionMaxBytes: Math.ceil(this.options.maxBytes / 2),
    },
  });

  private deliver({ responses }: FetchResponse, asked: ReadonlyMap<string, Asked>): void {
    const records: KafkaRecord[] = [];
    const lost: [Cursor, KafkaError][] = [];
    for (const { topicId, partitions } of responses) {
      for (const fetched of partitions) {
        const one = asked.get(`${topicId}:${fetched.partitionIndex}`);
        if (!one || this.cursors.get(nameOf(one.cursor)) !== one.cursor) continue;
        const error = errorOf(fetched.errorCode);
        if (error) lost.push([one.cursor, error]);
        else this.read(records, one, fetched);
      }
    }
    for (const { cursor } of asked.values()) cursor.failures = 0;
    for (const [cursor, error] of lost) {
      this.cursors.delete(nameOf(cursor));
      this.options.onLost(cursor, error);
    }
    if (records.length > 0) this.options.onRecords(records);
  }

  private read(into: KafkaRecord[], { cursor, from }: Asked, fetched: FetchResponsePartition): void {
    const last = fetched.records?.at(-1);
    if (!last || cursor.paused || cursor.next !== from) return;
    for (const batch of visibleBatches(fetched, this.options.isolation)) {
      readBatch(into, cursor.topic, cursor.partition, batch, cursor.next);
    }
    cursor.next = Number(last.firstOffset) + last.lastOffsetDelta + 1;
  }
}
