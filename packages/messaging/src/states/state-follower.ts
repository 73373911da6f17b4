import type { Follower, KafkaPort, KafkaRecord } from '@stoa/kafka';
import type { DatabaseServer, Sql } from '@stoa/postgres';
import { backoff, pause } from '@stoa/timing';
import type { MessagingOptions } from '../api/options.js';
import { isRecordsFault } from '../bulkheads/record-faults.js';
import { topicOf } from '../outbox/outbox.js';
import { originOf, writeDeadLetter } from '../protocol/dead-letter.js';
import { topicNames } from '../protocol/topics.js';
import { SubscriptionTable, type StateSubscription } from '../subscriptions/subscription-table.js';
import { StateBatch } from './state-batch.js';
import {
  advance,
  copyOf,
  CopyTakenOver,
  ensureOffsets,
  holdAbandoned,
  isAbandoned,
  readOffsets,
  restartOffsets,
  touchOffsets,
  type Advance,
  type StateOffset,
} from './state-offsets.js';
import { StateQueue, type StateSlice } from './state-queue.js';

export interface StateFollowerOptions {
  readonly port: KafkaPort;
  readonly messaging: MessagingOptions;
  readonly server: DatabaseServer;
  readonly isTransient: (error: unknown) => boolean;
  readonly subscriptions: SubscriptionTable<StateSubscription>;
  /** Records of one transaction at most; 1,000 if not given. */
  readonly batchSize?: number;
  /** Milliseconds between two polls of the number of Kafka partitions and of the lag; 10,000 if not given. */
  readonly checkMs?: number;
}

const CONTROL_RECORDS_MS = 1_000;
const RETRY_FIRST_MS = 100;
const RETRY_MOST_MS = 5_000;
/** How often a single state whose handler fails is tried before it goes to the dead letters. */
const ATTEMPTS = 3;

/**
 * StateFollower exists to keep one database's copies of other services' states; it works by reading all Kafka
 * partitions of a subscription without a group, from the offsets stored beside the copy, and applying records in
 * transactions that move the offsets too. So each state takes effect once, and a new database fills itself from
 * nothing. Each transaction first compares the stored offsets with those it starts from: a former leader that resumes
 * changes nothing.
 *
 * A state that can't be read, or that its handler never takes, goes to the dead letters, and the copy goes on: the next
 * state of that key mends it.
 */
export class StateFollower {
  /**
   * Records whose dead letter is written, but which the stored offsets have not passed yet: a retry writes none again.
   */
  private readonly deadLettered = new Set<string>();

  constructor(private readonly options: StateFollowerOptions) {}

  /** Follows until `signal` is aborted. @throws CopyTakenOver; a fault of this code or of its tables */
  async run(signal: AbortSignal): Promise<void> {
    const { all } = this.options.subscriptions;
    const single = all.map((each) => new SubscriptionTable([each]));
    if (single.length < 2) return this.keep(signal);
    const failed = new AbortController();
    const together = AbortSignal.any([signal, failed.signal]);
    const each = single.map((subscriptions) => new StateFollower({ ...this.options, subscriptions }).run(together));
    await Promise.all(each.map((running) => running.catch((error: unknown) => failed.abort(error))));
    failed.signal.throwIfAborted();
  }

  private get subscription(): StateSubscription {
    const [only] = this.options.subscriptions.all;
    if (!only) throw new Error('a follower of no states');
    return only;
  }

  private async keep(signal: AbortSignal): Promise<void> {
    const { isTransient, messaging, server } = this.options;
    let failures = 0;
    while (!signal.aborted) {
      try {
        await this.follow(signal, () => (failures = 0));
      } catch (error) {
        if (error instanceof CopyTakenOver || isRecordsFault(error, isTransient)) throw error;
        messaging.logger.warn({ err: error, server: server.name }, 'the copy of states waits');
        await pause(backoff(++failures, RETRY_FIRST_MS, RETRY_MOST_MS), signal);
      }
    }
  }

  /** Follows until `signal` is aborted, or a topic has another number of Kafka partitions than before. */
  private async follow(signal: AbortSignal, onProgress: () => void): Promise<void> {
    const { checkMs = 10_000, batchSize = 1_000 } = this.options;
    const counts = await this.partitionCounts();
    const queue = new StateQueue(await this.loadOffsets(counts), batchSize);
    const follower = await this.open(queue);
    try {
      let checked = performance.now();
      while (!signal.aborted) {
        // Also without a notification: control records move the position, but bring no records.
        await queue.arrivals.wait(Math.min(CONTROL_RECORDS_MS, checkMs), signal);
        for (const slice of queue.take()) {
          if (signal.aborted) return;
          await this.apply(slice, queue, signal);
        }
        onProgress();
        if (performance.now() - checked < checkMs) continue;
        checked = performance.now();
        await this.options.server.transaction((tx) => touchOffsets(tx, copyOf(this.subscription.message)));
        await this.reportLag(queue);
        if (!sameCounts(counts, await this.partitionCounts())) return;
      }
    } finally {
      await follower.close();
    }
  }

  private async partitionCounts(): Promise<Map<string, number>> {
    const { port, messaging, subscriptions } = this.options;
    const counts = subscriptions.topics.map(async (topic): Promise<[string, number]> => [
      topic,
      await port.admin.partitionCount(messaging.topicPrefix + topic),
    ]);
    return new Map(await Promise.all(counts));
  }

  private async loadOffsets(counts: ReadonlyMap<string, number>): Promise<StateOffset[]> {
    const [[topic, count] = ['', 0]] = counts;
    const { server } = this.options;
    const copy = copyOf(this.subscription.message);
    const read = async (tx: Sql): Promise<StateOffset[]> => {
      const offsets = await readOffsets(tx, [copy]);
      return offsets.filter(({ partition }) => partition < count).map((offset) => ({ ...offset, topic }));
    };
    const known = await server.transaction(async (tx) => {
      await ensureOffsets(tx, copy, count);
      if (await isAbandoned(tx, copy)) return undefined;
      await touchOffsets(tx, copy);
      return read(tx);
    });
    if (known) return known;
    await this.clearCopy(copy);
    return server.transaction(async (tx) => {
      await holdAbandoned(tx, copy);
      await restartOffsets(tx, copy);
      return read(tx);
    });
  }

  /**
   * Clears a copy, so that keys which vanished unseen do not stay in it. A leader that stops in between leaves the copy
   * abandoned. @throws CopyTakenOver
   */
  private async clearCopy(copy: string): Promise<void> {
    const { messaging, server } = this.options;
    const { handler } = this.subscription;
    const fields = { server: server.name, copy, isCleared: handler.clear !== undefined };
    messaging.logger.warn(fields, 'a copy of states that nobody followed for days begins anew');
    const clear = async (tx: Sql): Promise<boolean> => {
      await holdAbandoned(tx, copy);
      return (await handler.clear?.(tx)) ?? false;
    };
    while (await server.transaction(clear));
  }

  /** Moves the copy's offsets, in the transaction that applies the records. */
  private advance(tx: Sql, steps: readonly Advance[]): Promise<void> {
    const topic = copyOf(this.subscription.message);
    return advance(
      tx,
      steps.map((step) => ({ ...step, topic })),
    );
  }

  private async open(queue: StateQueue): Promise<Follower> {
    const { port, messaging, server } = this.options;
    const { topicPrefix, logger } = messaging;
    const follower = await port.follow({
      partitions: queue.offsets.map(({ topic, partition, next }) => ({
        topic: topicPrefix + topic,
        partition,
        from: next === 0 ? 'beginning' : next,
      })),
      isolation: 'committed',
      onRecords: (records) => queue.push(records),
      onFault: (err) => logger.warn({ err, server: server.name }, 'the copy of states waits for Kafka'),
    });
    queue.control(follower, topicPrefix);
    return follower;
  }

  private async apply(slice: StateSlice, queue: StateQueue, signal: AbortSignal): Promise<void> {
    const { subscriptions, messaging, isTransient } = this.options;
    const batch = new StateBatch(slice.records, subscriptions, queue.topicOf);
    for (const { record, reason } of batch.unreadable) await this.writeDeadLetterOf(record, reason);
    for (let failures = 0; ; failures++) {
      try {
        await this.write(batch, queue.stepsOf(slice));
        this.advanced(slice, queue);
        return;
      } catch (error) {
        if (error instanceof CopyTakenOver || !isRecordsFault(error, isTransient)) throw error;
        messaging.logger.warn({ err: error, states: slice.records.length }, 'states could not be applied');
        const records = slice.records.filter((each) => !batch.unreadable.some((bad) => bad.record === each));
        if (records.length > 1) return this.applyHalves({ records, next: slice.next }, queue, signal);
        if (failures + 1 < ATTEMPTS) await pause(backoff(failures + 1, RETRY_FIRST_MS, RETRY_MOST_MS), signal);
        else return this.skip(slice, records, error, queue);
      }
    }
  }

  /** Applies the halves of a slice by themselves, to find the state that fails. */
  private async applyHalves(slice: StateSlice, queue: StateQueue, signal: AbortSignal): Promise<void> {
    for (const half of queue.halvesOf(slice)) await this.apply(half, queue, signal);
  }

  private async skip(
    slice: StateSlice,
    records: readonly KafkaRecord[],
    error: unknown,
    queue: StateQueue,
  ): Promise<void> {
    const reason = error instanceof Error ? error.message : String(error);
    for (const record of records) await this.writeDeadLetterOf(record, reason);
    await this.options.server.transaction((tx) => this.advance(tx, queue.stepsOf(slice)));
    this.advanced(slice, queue);
  }

  private advanced(slice: StateSlice, queue: StateQueue): void {
    queue.advanced(slice);
    for (const record of slice.records) this.deadLettered.delete(originOf(record));
  }

  private write(batch: StateBatch, steps: readonly Advance[]): Promise<void> {
    return this.options.server.transaction(async (tx) => {
      await this.advance(tx, steps);
      await batch.apply(tx);
    });
  }

  /** Writes a dead letter before the offset moves on: after a crash in between it is there twice, but never missing. */
  private async writeDeadLetterOf(record: KafkaRecord, reason: string): Promise<void> {
    const origin = originOf(record);
    if (this.deadLettered.has(origin)) return;
    const { port, messaging } = this.options;
    const { topicPrefix, service, clone, logger, metrics } = messaging;
    const { topic, partition, offset } = record;
    await writeDeadLetter(port, topicNames(topicPrefix, service).deadLetters, record, reason, clone);
    this.deadLettered.add(origin);
    logger.error({ topic, partition, offset, reason }, 'a state was left out of the copy');
    metrics?.deadLettered?.(topic, reason);
  }

  private async reportLag(queue: StateQueue): Promise<void> {
    const { port, messaging, server } = this.options;
    if (!messaging.metrics?.stateLag) return;
    const { message } = this.subscription;
    const ends = await port.admin.endOffsets(messaging.topicPrefix + topicOf(message));
    const behind = queue.offsets.map(({ partition, next }) => Math.max(0, (ends[partition] ?? 0) - next));
    messaging.metrics.stateLag(
      server.name,
      copyOf(message),
      behind.reduce((sum, records) => sum + records, 0),
    );
  }
}

const sameCounts = (a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean =>
  [...a].every(([topic, count]) => b.get(topic) === count);
