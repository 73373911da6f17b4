import type { KafkaRecord, TopicOffset, TopicPartition } from '../kafka/port.js';
import { memoryOf } from '../kafka/record-size.js';
import { KeyedExecutor } from './keyed-executor.js';
import { OffsetTracker, type TrackedOffset } from './offset-tracker.js';

/** The part of a group's consumer that the intake steers. */
export interface Steering {
  commit(offsets: readonly TopicOffset[]): Promise<void>;
  pause(partition: TopicPartition): void;
  resume(partition: TopicPartition): void;
}

export interface IntakeLimits {
  /** Messages in work at once. */
  readonly concurrency: number;
  /** Messages in work or waiting, over all Kafka partitions. */
  readonly messages: number;
  /** The same in bytes of the records. */
  readonly bytes: number;
}

export interface IntakeOptions {
  readonly limits: IntakeLimits;
  /** Messages of one key are handled one after the other. Null: any order. */
  readonly keyOf: (record: KafkaRecord) => string | null;
  /** Handles one message. Once it resolves, the key's next may start. Must not reject. */
  readonly handle: (work: Work) => Promise<void>;
  readonly onPaused?: (partition: TopicPartition, isPaused: boolean) => void;
  readonly onQueued?: (messages: number, bytes: number) => void;
  readonly onCommitFailed: (error: unknown) => void;
}

/** One message in work. `done` lets its offset be committed: call it once, when nothing of it is left to do. */
export interface Work {
  readonly record: KafkaRecord;
  /** True when the Kafka partition is another member's by now: that one handles the message too. */
  isRevoked(): boolean;
  /** It holds so many bytes more until it is done: of an answer that is not sent yet. */
  grow(bytes: number): void;
  done(): void;
}

/** A Kafka partition while it is this member's. */
interface Lane extends TopicPartition {
  readonly tracker: OffsetTracker;
  messages: number;
  bytes: number;
  isPaused: boolean;
  isRevoked: boolean;
  committed: number;
}

const COMMIT_EVERY_MS = 200;
// One message that waits holds back the commits of all behind it: only so many are handled beyond it.
const MOST_BEYOND_UNFINISHED = 50_000;
// Resumed well below the bound, or a full clone would pause and resume with every message.
const RESUME_BELOW = 0.5;

/**
 * Takes records off Kafka partitions: in order per key, side by side otherwise, within bounds of messages and bytes; and commits for
 * each partition the lowest offset that is not finished.
 */
export class Intake {
  readonly #lanes = new Map<string, Lane>();
  readonly #executor: KeyedExecutor;
  #messages = 0;
  #bytes = 0;
  #commitTimer: NodeJS.Timeout | undefined;
  #drained: PromiseWithResolvers<void> | undefined;

  constructor(
    private readonly steering: () => Steering | undefined,
    private readonly options: IntakeOptions,
  ) {
    this.#executor = new KeyedExecutor(options.limits.concurrency);
  }

  assigned(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#lanes.delete(nameOf(partition));
  }

  /** Commits what is finished. What waits is dropped: its next owner gets it again; what is in work goes on. */
  revoked(partitions: readonly TopicPartition[]): void {
    void this.#commit(partitions.map(nameOf));
    for (const partition of partitions) {
      const lane = this.#lanes.get(nameOf(partition));
      if (lane) lane.isRevoked = true;
      this.#lanes.delete(nameOf(partition));
    }
  }

  take(records: readonly KafkaRecord[]): void {
    for (const record of records) this.#takeOne(record);
    this.#pauseFull();
    this.options.onQueued?.(this.#messages, this.#bytes);
  }

  #takeOne(record: KafkaRecord): void {
    const lane = this.#lane(record);
    const tracked = lane.tracker.begin(record.offset);
    let size = 0;
    const grow = (bytes: number): void => {
      size += bytes;
      lane.bytes += bytes;
      this.#bytes += bytes;
    };
    grow(memoryOf(record));
    lane.messages += 1;
    this.#messages += 1;
    const work: Work = {
      record,
      grow,
      isRevoked: () => lane.isRevoked,
      done: () => this.#done(lane, tracked, size),
    };
    this.#executor.submit(this.options.keyOf(record), () => {
      if (!lane.isRevoked) return this.options.handle(work);
      work.done();
      return Promise.resolve();
    });
  }

  #lane(record: KafkaRecord): Lane {
    const name = nameOf(record);
    let lane = this.#lanes.get(name);
    if (!lane) {
      const { topic, partition, offset } = record;
      const tracker = new OffsetTracker(offset);
      lane = { topic, partition, tracker, messages: 0, bytes: 0, isPaused: false, isRevoked: false, committed: offset };
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  #done(lane: Lane, tracked: TrackedOffset, size: number): void {
    lane.tracker.finish(tracked);
    lane.messages -= 1;
    lane.bytes -= size;
    this.#messages -= 1;
    this.#bytes -= size;
    this.#resumeDrained();
    if (this.#messages === 0) this.#drained?.resolve();
    if (!lane.isRevoked) this.#commitTimer ??= setTimeout(() => void this.#commitDue(), COMMIT_EVERY_MS);
  }

  #isFull(share: number): boolean {
    const { messages, bytes } = this.options.limits;
    return this.#messages >= messages * share || this.#bytes >= bytes * share;
  }

  #pauseFull(): void {
    const isFull = this.#isFull(1);
    for (const lane of this.#lanes.values()) {
      if (lane.isPaused || lane.messages === 0) continue;
      if (isFull || lane.tracker.span >= MOST_BEYOND_UNFINISHED) this.#setPaused(lane, true);
    }
  }

  #resumeDrained(): void {
    if (this.#isFull(RESUME_BELOW)) return;
    for (const lane of this.#lanes.values()) {
      if (lane.isPaused && lane.tracker.span < MOST_BEYOND_UNFINISHED * RESUME_BELOW) this.#setPaused(lane, false);
    }
  }

  #setPaused(lane: Lane, isPaused: boolean): void {
    const steering = this.steering();
    if (!steering) return; // the first records may come while the consumer is still being made
    lane.isPaused = isPaused;
    if (isPaused) steering.pause(lane);
    else steering.resume(lane);
    this.options.onPaused?.(lane, isPaused);
  }

  async #commitDue(): Promise<void> {
    await this.#commit([...this.#lanes.keys()]);
    this.#commitTimer = undefined;
  }

  async #commit(names: readonly string[]): Promise<void> {
    const due = names
      .map((name) => this.#lanes.get(name))
      .filter((lane) => lane !== undefined)
      .filter((lane) => lane.tracker.committable > lane.committed);
    const steering = this.steering();
    if (due.length === 0 || !steering) return;
    const offsets = due.map(({ topic, partition, tracker }) => ({ topic, partition, offset: tracker.committable }));
    try {
      await steering.commit(offsets);
      due.forEach((lane, i) => {
        lane.committed = Math.max(lane.committed, offsets[i]?.offset ?? 0);
      });
    } catch (error) {
      this.options.onCommitFailed(error);
      this.#commitTimer ??= setTimeout(() => void this.#commitDue(), COMMIT_EVERY_MS);
    }
  }

  /** Waits until nothing is in work, `timeoutMs` at most, and commits. False when something still was. */
  async drain(timeoutMs: number): Promise<boolean> {
    this.#drained = Promise.withResolvers<void>();
    const timer = setTimeout(() => this.#drained?.resolve(), timeoutMs);
    if (this.#messages > 0) await this.#drained.promise;
    clearTimeout(timer);
    clearTimeout(this.#commitTimer);
    await this.#commit([...this.#lanes.keys()]);
    clearTimeout(this.#commitTimer);
    for (const lane of this.#lanes.values()) lane.isRevoked = true; // what waits is left to others
    return this.#messages === 0;
  }
}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}:${partition}`;
