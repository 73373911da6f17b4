import { cutByBytes, memoryOf, type Follower, type KafkaRecord, type TopicPartition } from '@stoa/kafka';
import { Signal } from '../outbox/signal.js';
import type { Advance, StateOffset } from './state-offsets.js';

/** Records that are applied in one transaction, and the offsets that follow them, by Kafka partition. */
export interface StateSlice {
  readonly records: readonly KafkaRecord[];
  readonly next: ReadonlyMap<string, number>;
}

/** Bytes that are applied in one transaction, besides a number of records: a handler's statement holds all of them. */
const SLICE_BYTES = 4 * 1024 * 1024;
/** Beyond these, fetching is paused until they are applied. */
const MOST_RECORDS = 5_000;
const MOST_BYTES = 16 * 1024 * 1024;

const nameOf = (topic: string, partition: number): string => `${topic}:${partition}`;

/** Records that are fetched and not applied yet, and how far the copy is. */
export class StateQueue {
  /** Records or a position arrived. */
  readonly arrivals = new Signal();
  private readonly applied: Map<string, StateOffset>;
  private records: KafkaRecord[] = [];
  private bytes = 0;
  private follower: Follower | undefined;
  private prefix = '';
  private isPaused = false;

  constructor(
    start: readonly StateOffset[],
    private readonly sliceSize: number,
  ) {
    this.applied = new Map(start.map((offset) => [nameOf(offset.topic, offset.partition), offset]));
  }

  get offsets(): StateOffset[] {
    return [...this.applied.values()];
  }

  readonly topicOf = ({ topic }: TopicPartition): string => topic.slice(this.prefix.length);

  control(follower: Follower, topicPrefix: string): void {
    this.follower = follower;
    this.prefix = topicPrefix;
    this.arrivals.notify();
  }

  push(records: readonly KafkaRecord[]): void {
    for (const record of records) {
      this.records.push(record);
      this.bytes += memoryOf(record);
    }
    if (this.records.length > MOST_RECORDS || this.bytes > MOST_BYTES) this.setPaused(true);
    this.arrivals.notify();
  }

  /** Takes all records, in slices of limited size. They must be applied before the next call. */
  take(): StateSlice[] {
    const { follower, records } = this;
    if (!follower) return [];
    // `records` has all that was fetched before the follower's positions. These are beyond the last record where
    // control records follow it; a copy that stopped before those would seem to lag for good.
    const ends = new Map<string, number>();
    for (const { topic, partition, next } of this.applied.values()) {
      const position = follower.position({ topic: this.prefix + topic, partition });
      if (position !== next) ends.set(nameOf(topic, partition), position);
    }
    this.records = [];
    this.bytes = 0;
    this.setPaused(false);
    const slices: StateSlice[] = cutByBytes(records, memoryOf, SLICE_BYTES, this.sliceSize).map((slice) => ({
      records: slice,
      next: this.after(slice),
    }));
    const last = slices.pop();
    if (!last && ends.size === 0) return [];
    return [...slices, { records: last?.records ?? [], next: new Map([...(last?.next ?? []), ...ends]) }];
  }

  stepsOf({ next }: StateSlice): Advance[] {
    return [...next].flatMap(([name, offset]) => {
      const known = this.applied.get(name);
      if (!known || known.next === offset) return [];
      return [{ topic: known.topic, partition: known.partition, expected: known.next, next: offset }];
    });
  }

  advanced(slice: StateSlice): void {
    for (const { topic, partition, next } of this.stepsOf(slice)) {
      this.applied.set(nameOf(topic, partition), { topic, partition, next });
    }
  }

  halvesOf({ records, next }: StateSlice): StateSlice[] {
    const middle = Math.ceil(records.length / 2);
    const first = records.slice(0, middle);
    return [
      { records: first, next: this.after(first) },
      { records: records.slice(middle), next },
    ];
  }

  private after(records: readonly KafkaRecord[]): Map<string, number> {
    return new Map(records.map((record) => [nameOf(this.topicOf(record), record.partition), record.offset + 1]));
  }

  private setPaused(isPaused: boolean): void {
    const { follower } = this;
    if (this.isPaused === isPaused || !follower) return;
    this.isPaused = isPaused;
    for (const { topic, partition } of this.applied.values()) {
      const where = { topic: this.prefix + topic, partition };
      if (isPaused) follower.pause(where);
      else follower.resume(where);
    }
  }
}
