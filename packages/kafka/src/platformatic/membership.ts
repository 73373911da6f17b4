import { once } from 'node:events';
import type { Consumer, MessagesStream } from '@stoa/kafka/client';
import { KafkaError, type TopicPartition } from '../port/port.js';
import { isProtocolError, kafkaError } from './errors.js';

export interface MembershipOptions {
  readonly topics: string[];
  /** The assignment may have changed. Called before the coordinator learns that revoked partitions were given up. */
  readonly onChange: () => void;
  /** The coordinator does not know this member any more. */
  readonly onLost: (error: KafkaError) => void;
}

// Silent for longer than this, a member is not counted as one (readiness), though it goes on trying.
const ALIVE_MS = 10_000;

/**
 * One membership in a group: the library's consumer with a stream that is never read, because under KIP-848 the library
 * joins and heartbeats only for a stream. It reports assignments by no event of their own: they are looked up at each
 * heartbeat.
 */
export class Membership {
  private stream: MessagesStream<Buffer, Buffer, Buffer, Buffer> | undefined;
  private lastSign = Number.NEGATIVE_INFINITY;
  private left = false;
  private isJoining = true;
  private joining: Promise<void> = Promise.resolve();

  constructor(
    readonly consumer: Consumer,
    private readonly options: MembershipOptions,
  ) {
    // The stream asks for all offsets of its topics, to no end here, and would end for one Kafka partition without a
    // leader.
    consumer.listOffsets = ((_options: unknown, callback: (error: null, offsets: Map<string, bigint[]>) => void) =>
      callback(null, new Map())) as unknown as Consumer['listOffsets'];
    // Each of these is emitted when a heartbeat may have changed the assignment; the one after the change is `start`.
    consumer.on('consumer:heartbeat:start', () => this.changed());
    consumer.on('consumer:heartbeat:end', () => {
      this.lastSign = performance.now();
      this.changed();
    });
    consumer.on('consumer:heartbeat:error', ({ error }) => this.failed(error));
    // Never emitted under KIP-848 as far as its sources say; without a listener it would end the process.
    consumer.on('error', (error: Error) => this.lost(error));
  }

  async join(): Promise<void> {
    const joining = this.consumer.consume({ topics: this.options.topics, mode: 'latest', autocommit: false });
    this.joining = joining.then(
      () => undefined,
      () => undefined,
    );
    const stream = await joining.finally(() => {
      this.isJoining = false;
    });
    this.stream = stream;
    // A rebalance pauses and resumes the library's streams: resumed, this one would begin to fetch.
    stream.resume = () => stream;
    stream.on('error', (error) => this.lost(error));
    stream.once('close', () => this.lost(new Error('the membership stream ended')));
  }

  assignment(): TopicPartition[] {
    return (this.consumer.assignments ?? []).flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({ topic, partition })),
    );
  }

  /** True while the coordinator knows this member by an id and an epoch, as far as is known here. */
  isMember(): boolean {
    return !this.left && this.consumer.isActive();
  }

  isAlive(): boolean {
    return this.isMember() && performance.now() - this.lastSign < ALIVE_MS;
  }

  /**
   * Leaves the group as far as it can be reached. Never throws. While it still joins, this is done afterwards, and not
   * waited for: a consumer that is closed while it joins a group without a broker calls itself until the stack is full.
   */
  async leave(): Promise<void> {
    if (this.left) return;
    this.left = true;
    if (this.isJoining) void this.joining.then(() => this.close());
    else await this.close();
  }

  private async close(): Promise<void> {
    if (this.stream && !this.stream.closed) {
      const closed = once(this.stream, 'close');
      this.stream.destroy();
      await closed.catch(() => undefined);
    }
    await this.consumer.close(true).catch(() => undefined);
  }

  private changed(): void {
    if (this.left) return;
    // The library looks up names by what it knew before, and keeps what it did not find.
    const isUnnamed = this.consumer.assignments?.some(({ topic }: { readonly topic?: string }) => topic === undefined);
    if (isUnnamed) this.lost(new Error('a topic was made anew under its name'));
    else this.options.onChange();
  }

  private failed(error: Error): void {
    // The library would repeat the same heartbeat for ever: it starts anew for FENCED_MEMBER_EPOCH only.
    if (isProtocolError(error, 'UNKNOWN_MEMBER_ID', 'UNRELEASED_INSTANCE_ID', 'FENCED_INSTANCE_ID')) this.lost(error);
    // It clears the assignment after this event.
    else setImmediate(() => this.changed());
  }

  private lost(error: Error): void {
    if (this.left) return;
    const { code, message } = kafkaError(error);
    this.options.onLost(new KafkaError(code, `group membership lost: ${message}`, { cause: error }));
  }
}
