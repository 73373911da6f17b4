import type { KafkaRecord, TopicOffset, TopicPartition } from '@stoa/kafka';
import { memoryOf } from '@stoa/kafka';
import { KeyedExecutor, type Slot } from './keyed-executor.js';
import { OffsetTracker } from './offset-tracker.js';
import { Shares } from './shares.js';

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
  /** Messages that are handled beyond one that is not finished, in each Kafka partition; 50,000 if not given. */
  readonly beyondUnfinished?: number;
}

export interface IntakeOptions {
  readonly limits: IntakeLimits;
  /** Messages of one key are handled one after the other. Null: any order. */
  readonly keyOf: (record: KafkaRecord) => string | null;
  /** What a message will wait for while it is handled: it gets a share of the limits. Undefined: nothing that is known. */
  readonly ownerOf?: (record: KafkaRecord) => string | undefined;
  /** Handles one message. Once it resolves, the key's next may start. Must not reject. */
  readonly handle: (work: Work, slot: Slot) => Promise<void>;
  /** A message beyond its owner's share, which is not handled. Must not throw. */
  readonly refuse?: (work: Work) => void;
  /**
   * Asked of each record that comes: true when it is left in Kafka, for `again`, and held back from commits by
   * `committableOf`.
   */
  readonly leave?: (record: KafkaRecord) => boolean;
  /** Up to where a Kafka partition may be committed, besides what the intake knows. */
  readonly committableOf?: (partition: TopicPartition) => number;
  /** Called when a message that was taken is done. */
  readonly onDone?: (record: KafkaRecord) => void;
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
// One message that waits holds back the commits of all behind it: only so many are handled beyond it, unless the limits
// say else.
const MOST_BEYOND_UNFINISHED = 50_000;
// Resumed well below the bound, or a full clone would pause and resume with every message.
const RESUME_BELOW = 0.5;

/**
 * Takes records off Kafka partitions: in order per key, side by side otherwise, within bounds of messages and bytes; and commits for
 * each partition the lowest offset that is not finished.
 */
export class Intake {
  private readonly lanes = new Map<string, Lane>();
  private readonly executor: KeyedExecutor;
  private readonly messages: Shares;
  private readonly bytes: Shares;
  private commitTimer: NodeJS.Timeout | undefined;
  private drained: PromiseWithResolvers<void> | undefined;

  constructor(
    private readonly steering: () => Steering | undefined,
    private readonly options: IntakeOptions,
  ) {
    const { concurrency, messages, bytes } = options.limits;
    this.executor = new KeyedExecutor(concurrency);
    this.messages = new Shares(messages);
    this.bytes = new Shares(bytes);
  }

  assigned(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.lanes.delete(nameOf(partition));
  }

  /** Commits what is finished. What waits is dropped: its next owner gets it again; what is in work goes on. */
  revoked(partitions: readonly TopicPartition[]): void {
    void this.commit(partitions.map(nameOf));
    for (const partition of partitions) {
      const lane = this.lanes.get(nameOf(partition));
      if (lane) lane.isRevoked = true;
      this.lanes.delete(nameOf(partition));
    }
  }

  take(records: readonly KafkaRecord[]): void {
    for (const record of records) this.takeOne(record);
    this.pauseFull();
    this.options.onQueued?.(this.messages.total, this.bytes.total);
  }

  private takeOne(record: KafkaRecord): void {
    const lane = this.lane(record);
    const tracked = lane.tracker.begin(record.offset);
    if (this.options.leave?.(record)) lane.tracker.finish(tracked);
    else this.submit(lane, record, () => lane.tracker.finish(tracked));
  }

  /** Takes a record that was left before, behind what came before this call. `finished` is called when it is done. */
  again(record: KafkaRecord, finished: () => void): void {
    const lane = this.lanes.get(nameOf(record));
    if (lane) this.submit(lane, record, finished);
  }

  private submit(lane: Lane, record: KafkaRecord, finished: () => void): void {
    const owner = this.options.ownerOf?.(record);
    let size = memoryOf(record);
    const isBeyond = owner !== undefined && !(this.messages.mayTake(owner) && this.bytes.mayTake(owner, size));
    const counted = isBeyond ? undefined : owner;
    this.messages.take(counted);
    this.bytes.take(counted, size);
    lane.messages += 1;
    lane.bytes += size;
    const grow = (bytes: number): void => {
      size += bytes;
      lane.bytes += bytes;
      this.bytes.take(counted, bytes);
    };
    const work: Work = {
      record,
      grow,
      isRevoked: () => lane.isRevoked,
      done: () => {
        this.messages.giveBack(counted);
        this.bytes.giveBack(counted, size);
        finished();
        this.finish(lane, record, size);
      },
    };
    // Or a Kafka partition would be paused for all once what was taken of it waits for one owner.
    if (isBeyond && this.options.refuse) return this.options.refuse(work);
    const run = (slot: Slot): Promise<void> => {
      if (!lane.isRevoked) return this.options.handle(work, slot);
      work.done();
      return Promise.resolve();
    };
    this.executor.submit(this.options.keyOf(record), run, owner);
  }

  private lane(record: KafkaRecord): Lane {
    const name = nameOf(record);
    let lane = this.lanes.get(name);
    if (!lane) {
      const { topic, partition, offset } = record;
      const tracker = new OffsetTracker(offset);
      lane = { topic, partition, tracker, messages: 0, bytes: 0, isPaused: false, isRevoked: false, committed: offset };
      this.lanes.set(name, lane);
    }
    return lane;
  }

  private finish(lane: Lane, record: KafkaRecord, size: number): void {
    lane.messages -= 1;
    lane.bytes -= size;
    this.options.onDone?.(record);
    this.resumeDrained();
    if (this.messages.total === 0) this.drained?.resolve();
    if (!lane.isRevoked) this.commitSoon();
  }

  private isFull(share: number): boolean {
    const { messages, bytes } = this.options.limits;
    return this.messages.total >= messages * share || this.bytes.total >= bytes * share;
  }

  private get mostBeyond(): number {
    return this.options.limits.beyondUnfinished ?? MOST_BEYOND_UNFINISHED;
  }

  private pauseFull(): void {
    const isFull = this.isFull(1);
    for (const lane of this.lanes.values()) {
      if (lane.isPaused || lane.messages === 0) continue;
      if (isFull || lane.tracker.span >= this.mostBeyond) this.setPaused(lane, true);
    }
  }

  private resumeDrained(): void {
    if (this.isFull(RESUME_BELOW)) return;
    for (const lane of this.lanes.values()) {
      if (lane.isPaused && lane.tracker.span < this.mostBeyond * RESUME_BELOW) this.setPaused(lane, false);
    }
  }

  private setPaused(lane: Lane, isPaused: boolean): void {
    const steering = this.steering();
    if (!steering) return; // the first records may come while the consumer is still being made
    lane.isPaused = isPaused;
    if (isPaused) steering.pause(lane);
    else steering.resume(lane);
    this.options.onPaused?.(lane, isPaused);
  }

  private committable(lane: Lane): number {
    return Math.min(lane.tracker.committable, this.options.committableOf?.(lane) ?? Infinity);
  }

  private commitSoon(): void {
    this.commitTimer ??= setTimeout(() => void this.commitDue(), COMMIT_EVERY_MS);
  }

  private async commitDue(): Promise<void> {
    await this.commit([...this.lanes.keys()]);
    this.commitTimer = undefined;
    // It failed, or more was finished meanwhile: what comes next may come much later.
    if (this.due([...this.lanes.keys()]).length > 0) this.commitSoon();
  }

  private due(names: readonly string[]): Lane[] {
    return names
      .map((name) => this.lanes.get(name))
      .filter((lane) => lane !== undefined)
      .filter((lane) => !lane.isRevoked && this.committable(lane) > lane.committed);
  }

  private async commit(names: readonly string[]): Promise<void> {
    const due = this.due(names);
    const steering = this.steering();
    if (due.length === 0 || !steering) return;
    const offsets = due.map((lane) => ({
      topic: lane.topic,
      partition: lane.partition,
      offset: this.committable(lane),
    }));
    try {
      await steering.commit(offsets);
      due.forEach((lane, i) => {
        lane.committed = Math.max(lane.committed, offsets[i]?.offset ?? 0);
      });
    } catch (error) {
      this.options.onCommitFailed(error);
      this.commitSoon();
    }
  }

  /** Waits until nothing is in work, `timeoutMs` at most, and commits. False when something still was. */
  async drain(timeoutMs: number): Promise<boolean> {
    this.drained = Promise.withResolvers<void>();
    const timer = setTimeout(() => this.drained?.resolve(), timeoutMs);
    if (this.messages.total > 0) await this.drained.promise;
    clearTimeout(timer);
    clearTimeout(this.commitTimer);
    await this.commit([...this.lanes.keys()]);
    clearTimeout(this.commitTimer);
    for (const lane of this.lanes.values()) lane.isRevoked = true; // what waits is left to others
    return this.messages.total === 0;
  }
}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}:${partition}`;
