import type { Consumer, EachBatchPayload } from 'kafkajs';
import { KafkaError, type Follower, type FollowOptions, type TopicOffset, type TopicPartition } from '../port/port.js';
import { kafkaError } from './errors.js';
import { readBatch } from './records.js';

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}:${partition}`;

interface Cursor extends TopicPartition {
  next: number;
  isPaused: boolean;
}

/**
 * Reads Kafka partitions from given offsets. The library reads in groups only: this is the one member of a group of a
 * random name, which never commits, and goes to its own offsets each time it has joined.
 */
export class KafkaJsFollower implements Follower {
  private readonly cursors: Map<string, Cursor>;
  private isClosed = false;

  constructor(
    private readonly consumer: Consumer,
    private readonly options: FollowOptions,
    start: readonly TopicOffset[],
    private readonly forget: () => Promise<void>,
  ) {
    this.cursors = new Map(
      start.map(({ topic, partition, offset }) => [
        nameOf({ topic, partition }),
        { topic, partition, next: offset, isPaused: false },
      ]),
    );
  }

  async open(): Promise<void> {
    const { consumer } = this;
    const joined = Promise.withResolvers<void>();
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.takeUp(payload.memberAssignment);
      joined.resolve();
    });
    // Emitted for batches of control records too, which eachBatch never sees.
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
      const cursor = this.cursors.get(nameOf(payload));
      if (cursor && payload.firstOffset !== null && Number(payload.firstOffset) <= cursor.next) {
        cursor.next = Math.max(cursor.next, Number(payload.lastOffset) + 1);
      }
    });
    consumer.on(consumer.events.CRASH, ({ payload: { error } }) => {
      joined.reject(error);
      if (!this.isClosed) this.options.onFault?.(kafkaError(error));
    });
    joined.promise.catch(() => undefined);
    await consumer.connect();
    const topics = [...new Set(this.options.partitions.map((partition) => partition.topic))];
    await consumer.subscribe({ topics, fromBeginning: true });
    await consumer.run({ autoCommit: false, eachBatch: (payload) => this.take(payload) });
    await joined.promise;
  }

  private takeUp(assignment: Record<string, number[]>): void {
    for (const [topic, partitions] of Object.entries(assignment)) {
      for (const partition of partitions) {
        const cursor = this.cursors.get(nameOf({ topic, partition }));
        if (cursor) this.consumer.seek({ topic, partition, offset: String(cursor.next) });
        else this.consumer.pause([{ topic, partitions: [partition] }]);
      }
    }
  }

  private async take({ batch, isStale }: EachBatchPayload): Promise<void> {
    const cursor = this.cursors.get(nameOf(batch));
    if (!cursor || cursor.isPaused || this.isClosed || isStale()) return;
    const first = Number(batch.firstOffset() ?? cursor.next);
    if (first < cursor.next - 1 && Number(batch.lastOffset()) < cursor.next) cursor.next = first; // it was out of range
    const records = readBatch(batch, cursor.next);
    cursor.next = Number(batch.lastOffset()) + 1;
    if (records.length > 0) this.options.onRecords(records);
  }

  pause(partition: TopicPartition): void {
    const cursor = this.cursors.get(nameOf(partition));
    if (!cursor) return;
    cursor.isPaused = true;
    this.consumer.pause([{ topic: cursor.topic, partitions: [cursor.partition] }]);
  }

  resume(partition: TopicPartition): void {
    const cursor = this.cursors.get(nameOf(partition));
    if (!cursor) return;
    cursor.isPaused = false;
    this.consumer.resume([{ topic: cursor.topic, partitions: [cursor.partition] }]);
  }

  position(partition: TopicPartition): number {
    return this.cursors.get(nameOf(partition))?.next ?? 0;
  }

  seek(partition: TopicPartition, offset: number): void {
    const cursor = this.cursors.get(nameOf(partition));
    if (!cursor) return;
    cursor.next = offset;
    this.consumer.seek({ topic: cursor.topic, partition: cursor.partition, offset: String(offset) });
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    try {
      await this.consumer.disconnect();
    } catch (error) {
      throw new KafkaError('OTHER', 'the follower did not end in order', { cause: error });
    } finally {
      await this.forget().catch(() => undefined);
    }
  }
}
