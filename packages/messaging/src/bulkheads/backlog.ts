import type { Follower, KafkaRecord, TopicPartition } from '@stoa/kafka';
import { OffsetTracker } from '../intake/offset-tracker.js';
import type { ServerGate } from './server-gate.js';
import type { ServerGates } from './server-gates.js';

export interface BacklogOptions {
  readonly gates: ServerGates;
  /** The bucket of a record that has a subscription; undefined for others. */
  readonly bucketOf: (record: KafkaRecord) => number | undefined;
  /** Hands a record on, behind what was handed on before; `finished` is called when it is done. */
  readonly handle: (record: KafkaRecord, finished: () => void) => void;
}

/**
 * Events of one server that are left in one Kafka partition, because the server's share of the memory was full.
 *
 * left (more come) → being read back, as fast as the server handles them (more come still) → closed: the last one was
 * read; those that come now are handled at once, behind it → done: all are handled.
 *
 * A backlog knows its events by their buckets, so a bucket that moves to another server meanwhile keeps its events'
 * order.
 */
export class Backlog {
  readonly topic: string;
  readonly partition: number;
  private readonly buckets = new Set<number>();
  private readonly tracker: OffsetTracker;
  /** The next offset to hand on, if it is of one of these buckets. */
  private next: number;
  private last: number;
  private inWork = 0;
  /** Fetched and not handed on yet: the rest of one fetch. */
  private fetched: readonly KafkaRecord[] = [];
  /** The server whose share must have room before reading goes on. */
  private waitsFor: ServerGate | undefined;
  private follower: Follower | undefined;
  isClosed = false;

  constructor(
    private readonly options: BacklogOptions,
    readonly gate: ServerGate,
    { topic, partition, offset }: KafkaRecord,
  ) {
    this.topic = topic;
    this.partition = partition;
    this.tracker = new OffsetTracker(offset);
    this.next = offset;
    this.last = offset;
    this.waitsFor = gate;
  }

  /** The offset that may be committed: everything before it is handled. */
  get committable(): number {
    return this.tracker.committable;
  }

  /** The offset at which reading begins. */
  get from(): number {
    return this.next;
  }

  get isDone(): boolean {
    return this.isClosed && this.inWork === 0;
  }

  /** True while further records of this Kafka partition may be left here. */
  isOpenFor({ topic, partition }: TopicPartition): boolean {
    return !this.isClosed && topic === this.topic && partition === this.partition;
  }

  /** True when events of the bucket were left here: the next ones must not overtake them. */
  has(bucket: number): boolean {
    return this.buckets.has(bucket);
  }

  /** Leaves an event in Kafka. */
  leave({ offset }: KafkaRecord, bucket: number): void {
    this.buckets.add(bucket);
    this.last = offset;
  }

  /** @returns true when reading should go on: there is room again */
  hasRoom(): boolean {
    if (!this.waitsFor || this.options.gates.isFull(this.waitsFor, 0.5)) return false;
    this.waitsFor = undefined;
    return true;
  }

  /** Reads on through `follower`, which begins at `from`. */
  readThrough(follower: Follower): void {
    this.follower = follower;
    if (this.waitsFor) follower.pause(this);
  }

  /** Takes fetched records, and hands on as many as there is room for. */
  take(records: readonly KafkaRecord[]): void {
    this.fetched = [...this.fetched, ...records];
    if (!this.waitsFor) this.handOn();
  }

  handOn(): void {
    for (const [n, record] of this.fetched.entries()) {
      if (record.offset > this.last) return this.close();
      if (!this.handOnOne(record)) {
        this.fetched = this.fetched.slice(n);
        this.follower?.pause(this);
        return;
      }
      if (record.offset === this.last) return this.close();
    }
    this.fetched = [];
    this.follower?.resume(this);
  }

  /** Stops reading, whatever is left. The events that were handed on go on. */
  stopReading(): void {
    this.fetched = [];
    // An error of closing is of no interest.
    void this.follower?.close().catch(() => undefined);
  }

  private close(): void {
    this.isClosed = true;
    this.stopReading();
  }

  /** @returns false when there is no room for it */
  private handOnOne(record: KafkaRecord): boolean {
    const { bucketOf, gates, handle } = this.options;
    const bucket = bucketOf(record);
    if (bucket === undefined || !this.buckets.has(bucket) || record.offset < this.next) return true;
    const gate = gates.of(bucket);
    if (gates.isFull(gate)) {
      this.waitsFor = gate;
      return false;
    }
    gates.count(gate, record);
    const tracked = this.tracker.begin(record.offset);
    this.next = record.offset + 1;
    this.inWork += 1;
    handle(record, () => {
      this.inWork -= 1;
      this.tracker.finish(tracked);
    });
    return true;
  }
}
