import type { Consumer, EachBatchPayload } from 'kafkajs';
import { backoff, pause } from '@stoa/timing';
import {
  KafkaError,
  type GroupConsumer,
  type GroupOptions,
  type TopicOffset,
  type TopicPartition,
} from '../port/port.js';
import { kafkaError, translated } from './errors.js';
import { readBatch } from './records.js';

const retryDelayMs = (failures: number): number => backoff(failures, 25, 400);

type StartFrom = NonNullable<GroupOptions['startFrom']>;

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}:${partition}`;

/**
 * A member of a group under Kafka's classic protocol, as far as the library goes: each change of the members takes all
 * Kafka partitions from all of them and gives them out anew.
 */
export class KafkaJsGroup implements GroupConsumer {
  private consumer: Consumer | undefined;
  private readonly owned = new Map<string, TopicPartition>();
  private isStopped = false;
  private isClosed = false;
  private lastSign = Number.NEGATIVE_INFINITY;
  /** Aborted when the Kafka partitions are given out anew. */
  private untilReassigned = new AbortController();
  /** Ends the waiting for a membership. */
  private giveUp: (error: Error) => void = () => undefined;

  constructor(
    private readonly options: GroupOptions,
    private readonly newConsumer: () => Consumer,
  ) {}

  /** Tries until this is a member. @throws KafkaError CLOSED */
  async join(): Promise<void> {
    for (let failures = 1; !this.isClosed; failures += 1) {
      try {
        await this.joinOnce();
        if (!this.isClosed) return;
      } catch (error) {
        this.options.onFault?.(kafkaError(error));
        await this.consumer?.disconnect().catch(() => undefined);
        await pause(retryDelayMs(failures));
      }
    }
    throw new KafkaError('CLOSED', 'closed before it had joined its group');
  }

  private async joinOnce(): Promise<void> {
    const consumer = this.newConsumer();
    this.consumer = consumer;
    const joined = Promise.withResolvers<void>();
    this.giveUp = joined.reject;
    let isMember = false;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      isMember = true;
      joined.resolve();
      this.assigned(payload.memberAssignment);
    });
    consumer.on(consumer.events.HEARTBEAT, () => this.alive());
    consumer.on(consumer.events.FETCH, () => this.alive());
    consumer.on(consumer.events.REBALANCING, () => this.revokeAll());
    consumer.on(consumer.events.CRASH, ({ payload: { error, restart } }) => {
      this.revokeAll();
      // Before it was a member, `join` sees to it. Were both to try, two members would share the Kafka partitions, and
      // the records of those that the second doesn't own would go unread.
      if (!isMember) return joined.reject(error);
      if (this.isClosed) return;
      this.options.onFault?.(kafkaError(error));
      if (!restart) this.join().catch(() => undefined); // closed meanwhile
    });
    joined.promise.catch(() => undefined);
    await consumer.connect();
    await consumer.subscribe({ topics: [...this.options.topics], fromBeginning: this.options.startAt === 'beginning' });
    await consumer.run({
      autoCommit: false,
      eachBatch: (payload) => this.take(payload),
      partitionsConsumedConcurrently: 1,
    });
    await joined.promise;
  }

  private alive(): void {
    this.lastSign = performance.now();
  }

  private assigned(assignment: Record<string, number[]>): void {
    this.revokeAll();
    this.alive();
    const partitions = Object.entries(assignment).flatMap(([topic, list]) =>
      list.map((partition) => ({ topic, partition })),
    );
    if (partitions.length === 0) return;
    if (this.options.startFrom) void this.place(partitions, this.options.startFrom);
    else this.own(partitions);
  }

  private own(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.owned.set(nameOf(partition), partition);
    this.options.onAssigned?.(partitions);
  }

  /** Lets the library fetch nothing of these Kafka partitions until it is known where they start. */
  private async place(partitions: readonly TopicPartition[], startFrom: StartFrom): Promise<void> {
    const consumer = this.consumer;
    const isOver = this.untilReassigned.signal;
    for (const partition of partitions) this.pause(partition);
    for (let failures = 1; !isOver.aborted; failures += 1) {
      try {
        const starts = await startFrom(partitions);
        if (isOver.aborted) return;
        for (const { topic, partition, offset } of starts) consumer?.seek({ topic, partition, offset: String(offset) });
        for (const partition of partitions) this.resume(partition);
        this.own(partitions);
        return;
      } catch (error) {
        this.options.onFault?.(kafkaError(error));
        await pause(retryDelayMs(failures), isOver);
      }
    }
  }

  private revokeAll(): void {
    this.untilReassigned.abort();
    this.untilReassigned = new AbortController();
    if (this.owned.size === 0) return;
    this.options.onRevoked?.([...this.owned.values()]);
    // The library keeps pauses over a rebalance; whoever owns the Kafka partition next must be free to pause it.
    for (const { topic, partition } of this.owned.values()) this.consumer?.resume([{ topic, partitions: [partition] }]);
    this.owned.clear();
  }

  private async take({ batch }: EachBatchPayload): Promise<void> {
    if (this.isStopped || !this.owned.has(nameOf(batch))) return;
    this.options.onRecords(readBatch(batch, 0));
  }

  async commit(offsets: readonly TopicOffset[]): Promise<void> {
    const mine = offsets.filter((offset) => this.owned.has(nameOf(offset)));
    if (mine.length === 0) return;
    await translated(async () =>
      this.consumer?.commitOffsets(
        mine.map(({ topic, partition, offset }) => ({ topic, partition, offset: String(offset) })),
      ),
    );
  }

  pause({ topic, partition }: TopicPartition): void {
    this.consumer?.pause([{ topic, partitions: [partition] }]);
  }

  resume({ topic, partition }: TopicPartition): void {
    if (!this.isStopped) this.consumer?.resume([{ topic, partitions: [partition] }]);
  }

  assignment(): readonly TopicPartition[] {
    return [...this.owned.values()];
  }

  isJoined(): boolean {
    return !this.isClosed && performance.now() - this.lastSign < 10_000;
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    for (const partition of this.owned.values()) this.pause(partition);
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isStopped = true;
    this.isClosed = true;
    this.untilReassigned.abort();
    this.giveUp(new KafkaError('CLOSED', 'closed before it had joined its group'));
    await this.consumer?.disconnect().catch((error: unknown) => {
      throw new KafkaError('OTHER', 'the consumer did not leave its group in order', { cause: error });
    });
  }
}
