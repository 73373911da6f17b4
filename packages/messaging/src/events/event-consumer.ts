import { setTimeout as delay } from 'node:timers/promises';
import { detached } from '@stoa/kafka';
import type { GroupConsumer, KafkaPort, KafkaRecord } from '@stoa/kafka';
import type { Database } from '@stoa/postgres';
import { pause } from '@stoa/timing';
import type { MessagingOptions } from '../api/options.js';
import { Intake, type Work } from '../intake/intake.js';
import { Backlogs } from '../bulkheads/backlogs.js';
import type { EventDelivery } from './event-delivery.js';
import { EventPositions } from './event-positions.js';
import { EventRetries, MAX_ATTEMPTS } from './event-retries.js';
import { FIRST_RETRY_MS, retryPause } from '../bulkheads/retry-pause.js';
import { ServerGates } from '../bulkheads/server-gates.js';
import type { EventSubscription, SubscriptionTable } from '../subscriptions/subscription-table.js';

export interface EventConsumerOptions {
  readonly port: KafkaPort;
  readonly database: Database;
  readonly messaging: MessagingOptions;
  readonly delivery: EventDelivery;
  readonly subscriptions: SubscriptionTable<EventSubscription>;
  /** How often a failing handler is tried before its event is parked; 5 if not given. */
  readonly maxAttempts?: number;
  /** Milliseconds before the second try; doubles up to 5 s. 100 if not given. */
  readonly retryMs?: number;
}

/**
 * Limits of a server that is alone. One of several has its share of memory (server-gates.ts), which is less than half
 * of these. How far events are handled beyond one that waits has no limit: that one may wait for an unavailable server.
 */
const LIMITS = { concurrency: Infinity, messages: 4_000, bytes: 32 * 1024 * 1024, beyondUnfinished: Infinity };
const DRAIN_MS = 1_500;

/**
 * EventConsumer exists to handle other services' events; it works as a member of the service's group for this set of
 * subscriptions, with one key's events one after the other and those of different keys side by side.
 *
 * An event that can't be read, or whose handler fails every time by a fault of its own, is parked and goes to the dead
 * letters; later events of its key are parked behind it, so that none overtakes it.
 *
 * A server that is unavailable holds up the events of its own buckets only: they wait in its slots, then in its share
 * of memory, then in Kafka (Backlogs), in order per key.
 */
export class EventConsumer {
  private readonly intake: Intake;
  private readonly gates: ServerGates;
  private readonly backlogs: Backlogs;
  private readonly retries: EventRetries;
  private readonly positions: EventPositions;
  private readonly stopping = new AbortController();
  private readonly retryMs: number;
  private consumer: GroupConsumer | undefined;
  private joining: Promise<void> = Promise.resolve();

  constructor(private readonly options: EventConsumerOptions) {
    const { port, database, messaging, maxAttempts = MAX_ATTEMPTS, retryMs = FIRST_RETRY_MS } = options;
    const { logger, metrics } = messaging;
    const stopping = this.stopping.signal;
    this.retryMs = retryMs;
    this.positions = new EventPositions(options);
    this.gates = new ServerGates(database, retryMs);
    this.retries = new EventRetries({ ...options, maxAttempts, retryMs, stopping });
    this.intake = new Intake(() => this.consumer, {
      limits: LIMITS,
      keyOf: (record) => `${record.topic}\n${keyOf(record)}`,
      handle: (work) => this.handle(work),
      leave: (record) => this.leaves(record),
      committableOf: (partition) => this.backlogs.committableOf(partition),
      onDone: (record) => this.done(record),
      onPaused: ({ topic, partition }, isPaused) => metrics?.paused?.(topic, partition, isPaused),
      onCommitFailed: (err) => logger.debug({ err }, "events' offsets will be committed later"),
    });
    this.backlogs = new Backlogs({
      port,
      logger,
      gates: this.gates,
      retryMs,
      stopping,
      bucketOf: (record) => (this.subscriptionOf(record) ? this.bucketOf(record) : undefined),
      handle: (record, finished) => this.intake.again(record, finished),
    });
  }

  /** Joins the group, and tries until it has: another service's topics may not exist yet. */
  start(): void {
    this.joining = this.join();
  }

  private async join(): Promise<void> {
    for (let failures = 0; !this.stopping.signal.aborted;) {
      try {
        await this.positions.begin();
        this.consumer = await this.open();
        return;
      } catch (error) {
        this.options.messaging.logger.warn({ err: error }, 'events wait for Kafka');
        const ms = retryPause(++failures, this.retryMs);
        await pause(ms, this.stopping.signal);
      }
    }
  }

  private open(): Promise<GroupConsumer> {
    const { port, subscriptions, messaging } = this.options;
    const { topicPrefix, logger } = messaging;
    return port.consumeGroup({
      groupId: this.positions.groupId,
      topics: subscriptions.topics.map((topic) => topicPrefix + topic),
      isolation: 'committed',
      startAt: 'beginning',
      startFrom: this.positions.startFrom,
      onRecords: (records) => this.intake.take(records.map(detached)),
      onAssigned: (partitions) => {
        this.intake.assigned(partitions);
        this.backlogs.revoked(partitions);
      },
      onRevoked: (partitions) => {
        // The commit comes first: the events that were left hold it back.
        this.intake.revoked(partitions);
        this.backlogs.revoked(partitions);
        this.gates.recheck();
      },
      onFault: (err) => logger.warn({ err }, 'events wait for Kafka'),
    });
  }

  /** True while this is a member of its group. */
  isJoined(): boolean {
    return this.consumer?.isJoined() ?? false;
  }

  /** Finishes the events in work, commits their offsets and leaves the group. Events that wait are left to others. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.gates.recheck();
    this.backlogs.stop();
    // An unavailable Kafka must not hold up the end; a consumer that joins later is closed with the port.
    await Promise.race([this.joining, delay(DRAIN_MS, undefined, { ref: false })]);
    await this.consumer?.stop();
    await this.intake.drain(DRAIN_MS);
    await this.consumer?.close();
  }

  private leaves(record: KafkaRecord): boolean {
    if (!this.subscriptionOf(record)) return false;
    const bucket = this.bucketOf(record);
    const gate = this.gates.of(bucket);
    if (this.backlogs.leaves(record, bucket, gate)) return true;
    this.gates.count(gate, record);
    return false;
  }

  private done(record: KafkaRecord): void {
    this.gates.discount(record);
    this.backlogs.readOn();
  }

  private async handle(work: Work): Promise<void> {
    const { record } = work;
    const subscription = this.subscriptionOf(record);
    if (!subscription) {
      work.done();
      return;
    }
    const at = { bucket: this.bucketOf(record), topic: this.topicOf(record), key: keyOf(record) };
    const context = {
      traceparent: record.headers['traceparent'],
      messageId: record.headers['id'] ?? '',
      operation: `${subscription.message.service}.${subscription.message.name}`,
    };
    const { runWith } = this.options.messaging;
    const gate = this.gates.of(at.bucket);
    const finish = async (): Promise<void> => {
      if (await this.retries.finish(at, subscription, work, gate)) work.done();
    };
    await gate.inSlot(() => runWith?.(context, finish) ?? finish());
  }

  /** The subscription to a record; undefined when there is none, or the record came before it began. */
  private subscriptionOf(record: KafkaRecord): EventSubscription | undefined {
    if (this.positions.isPassed(record)) return undefined;
    return this.options.subscriptions.find(this.topicOf(record), record.headers['type']);
  }

  private topicOf({ topic }: KafkaRecord): string {
    return topic.slice(this.options.messaging.topicPrefix.length);
  }

  private bucketOf(record: KafkaRecord): number {
    return this.options.database.bucketOf(keyOf(record));
  }
}

const keyOf = ({ key }: KafkaRecord): string => key?.toString() ?? '';
