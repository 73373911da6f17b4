import type { KafkaRecord, TopicOffset, TopicPartition } from '@stoa/kafka';
import { memoryOf } from '@stoa/kafka';
import { KeyedExecutor, type Slot } from './keyed-executor.js';
import { OffsetTracker } from './offset-tracker.js';
import { Shares } from './shares.js';

/** The part of a group's consumer by which the intake limits what comes, and commits. */
export interface FlowControl {
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
  /** The server that a message waits for while it is handled: it gets a share of the limits. Undefined: not known. */
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
  /** The work holds so many bytes more until it is done: those of a reply that is not sent yet. */
  grow(bytes: number): void;
  done(): void;
}

/** A Kafka partition while it is this member's. */
interface HeldPartition extends TopicPartition {
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
 * Intake exists to keep a clone's work bounded. It takes records off Kafka partitions in order per key and side by side
 * otherwise, within limits of messages and bytes, and commits for each partition the lowest offset that is not
 * finished.
 */
export class Intake {
  private readonly held = new Map<string, HeldPartition>();
  private readonly executor: KeyedExecutor;
  private readonly messages: Shares;
  private readonly bytes: Shares;
  private commitTimer: NodeJS.Timeout | undefined;
  private drained: PromiseWithResolvers<void> | undefined;

  constructor(
    private readonly flowControl: () => FlowControl | undefined,
    private readonly options: IntakeOptions,
  ) {
    const { concurrency, messages, bytes } = options.limits;
    this.executor = new KeyedExecutor(concurrency);
    this.messages = new Shares(messages);
    this.bytes = new Shares(bytes);
  }

  assigned(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.held.delete(nameOf(partition));
  }

  /**
   * Commits what is finished. Waiting messages are dropped, because their next owner gets them; those in work go on.
   */
  revoked(partitions: readonly TopicPartition[]): void {
    void this.commit(partitions.map(nameOf));
    for (const partition of partitions) {
      const held = this.held.get(nameOf(partition));
      if (held) held.isRevoked = true;
      this.held.delete(nameOf(partition));
    }
  }

  take(records: readonly KafkaRecord[]): void {
    for (const record of records) this.takeOne(record);
    this.pauseFull();
    this.options.onQueued?.(this.messages.total, this.bytes.total);
  }

  private takeOne(record: KafkaRecord): void {
    const partition = this.partitionOf(record);
    const tracked = partition.tracker.begin(record.offset);
    if (this.options.leave?.(record)) partition.tracker.finish(tracked);
    else this.submit(partition, record, () => partition.tracker.finish(tracked));
  }

  /** Takes a record that was left before, behind what came before this call. `finished` is called when it is done. */
  again(record: KafkaRecord, finished: () => void): void {
    const partition = this.held.get(nameOf(record));
    if (partition) this.submit(partition, record, finished);
  }

  private submit(partition: HeldPartition, record: KafkaRecord, finished: () => void): void {
    const owner = this.options.ownerOf?.(record);
    let size = memoryOf(record);
    const isBeyond = owner !== undefined && !(this.messages.mayTake(owner) && this.bytes.mayTake(owner, size));
    const counted = isBeyond ? undefined : owner;
    this.messages.take(counted);
    this.bytes.take(counted, size);
    partition.messages += 1;
    partition.bytes += size;
    const grow = (bytes: number): void => {
      size += bytes;
      partition.bytes += bytes;
      this.bytes.take(counted, bytes);
    };
    const work: Work = {
      record,
      grow,
      isRevoked: () => partition.isRevoked,
      done: () => {
        this.messages.giveBack(counted);
        this.bytes.giveBack(counted, size);
        finished();
        this.finish(partition, record, size);
      },
    };
    // Otherwise one owner's waiting messages would pause the Kafka partition for all.
    if (isBeyond && this.options.refuse) return this.options.refuse(work);
    const run = (slot: Slot): Promise<void> => {
      if (!partition.isRevoked) return this.options.handle(work, slot);
      work.done();
      return Promise.resolve();
    };
    this.executor.submit(this.options.keyOf(record), run, owner);
  }

  private partitionOf(record: KafkaRecord): HeldPartition {
    const name = nameOf(record);
    let held = this.held.get(name);
    if (!held) {
      const { topic, partition, offset } = record;
      const tracker = new OffsetTracker(offset);
      held = { topic, partition, tracker, messages: 0, bytes: 0, isPaused: false, isRevoked: false, committed: offset };
      this.held.set(name, held);
    }
    return held;
  }

  private finish(partition: HeldPartition, record: KafkaRecord, size: number): void {
    partition.messages -= 1;
    partition.bytes -= size;
    this.options.onDone?.(record);
    this.resumeDrained();
    if (this.messages.total === 0) this.drained?.resolve();
    if (!partition.isRevoked) this.commitSoon();
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
    for (const partition of this.held.values()) {
      if (partition.isPaused || partition.messages === 0) continue;
      if (isFull || partition.tracker.span >= this.mostBeyond) this.setPaused(partition, true);
    }
  }

  private resumeDrained(): void {
    if (this.isFull(RESUME_BELOW)) return;
    for (const partition of this.held.values()) {
      if (partition.isPaused && partition.tracker.span < this.mostBeyond * RESUME_BELOW)
        this.setPaused(partition, false);
    }
  }

  private setPaused(partition: HeldPartition, isPaused: boolean): void {
    const flowControl = this.flowControl();
    if (!flowControl) return; // the first records may come while the consumer is still being made
    partition.isPaused = isPaused;
    if (isPaused) flowControl.pause(partition);
    else flowControl.resume(partition);
    this.options.onPaused?.(partition, isPaused);
  }

  private committable(partition: HeldPartition): number {
    return Math.min(partition.tracker.committable, this.options.committableOf?.(partition) ?? Infinity);
  }

  private commitSoon(): void {
    this.commitTimer ??= setTimeout(() => void this.commitDue(), COMMIT_EVERY_MS);
  }

  private async commitDue(): Promise<void> {
    await this.commit([...this.held.keys()]);
    this.commitTimer = undefined;
    // It failed, or more was finished meanwhile, and the next message may come much later.
    if (this.due([...this.held.keys()]).length > 0) this.commitSoon();
  }

  private due(names: readonly string[]): HeldPartition[] {
    return names
      .map((name) => this.held.get(name))
      .filter((partition) => partition !== undefined)
      .filter((partition) => !partition.isRevoked && this.committable(partition) > partition.committed);
  }

  private async commit(names: readonly string[]): Promise<void> {
    const due = this.due(names);
    const flowControl = this.flowControl();
    if (due.length === 0 || !flowControl) return;
    const offsets = due.map((partition) => ({
      topic: partition.topic,
      partition: partition.partition,
      offset: this.committable(partition),
    }));
    try {
      await flowControl.commit(offsets);
      due.forEach((partition, i) => {
        partition.committed = Math.max(partition.committed, offsets[i]?.offset ?? 0);
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
    await this.commit([...this.held.keys()]);
    clearTimeout(this.commitTimer);
    for (const partition of this.held.values()) partition.isRevoked = true; // waiting messages are left to others
    return this.messages.total === 0;
  }
}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}:${partition}`;
