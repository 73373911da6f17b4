import { setTimeout as delay } from 'node:timers/promises';
import { writeDeadLetter } from '../dead-letter.js';
import type { GroupConsumer, KafkaPort } from '../kafka/port.js';
import type { MessagingOptions } from '../options.js';
import { topicNames } from '../topics.js';
import { Intake, type Work } from '../transport/intake.js';
import type { Database } from '../types.js';
import type { EventDelivery } from './event-delivery.js';
import { UnreadableRecord } from './event-record.js';
import { HeldPartitions } from './held-partitions.js';
import { park, type EventKey } from './parked-events.js';
import type { EventSubscription, SubscriptionTable } from './subscriptions.js';

export interface EventConsumerOptions {
  readonly port: KafkaPort;
  readonly database: Database;
  readonly messaging: MessagingOptions;
  readonly delivery: EventDelivery;
  readonly subscriptions: SubscriptionTable<EventSubscription>;
  /** How often a handler that fails is tried before its event is parked; 5 if not given. */
  readonly maxAttempts?: number;
  /** Milliseconds before the second try; doubles up to 5 s. 100 if not given. */
  readonly retryMs?: number;
}

const LIMITS = { concurrency: 64, messages: 1_000, bytes: 16 * 1024 * 1024 };
const RETRY_MOST_MS = 5_000;
const DRAIN_MS = 1_500;

/** One event that is tried until it is handled or parked. */
interface Trial {
  readonly at: EventKey;
  readonly subscription: EventSubscription;
  readonly work: Work;
  /** Failures that count. */
  attempts: number;
  /** All failures, for the back-off. */
  failures: number;
  lastError: unknown;
  isHeld: boolean;
}

/**
 * Listens to other services' events as a member of the service's group: one key's events one after the other, those of
 * different keys side by side.
 *
 * A fault that passes (the database is away) pauses the Kafka partition and is tried again for as long as it takes. An event
 * that can't be read, or whose handler fails every time, goes to the dead letters and is parked; later events of its key
 * are parked behind it, so that none overtakes it.
 */
export class EventConsumer {
  private readonly intake: Intake;
  private readonly stopping = new AbortController();
  private consumer: GroupConsumer | undefined;
  private held: HeldPartitions | undefined;
  private joining: Promise<void> = Promise.resolve();

  constructor(private readonly options: EventConsumerOptions) {
    const { logger, metrics } = options.messaging;
    this.intake = new Intake(() => this.held, {
      limits: LIMITS,
      keyOf: (record) => `${record.topic}\n${record.key?.toString() ?? ''}`,
      handle: (work) => this.handle(work),
      onPaused: ({ topic, partition }, isPaused) => metrics?.paused?.(topic, partition, isPaused),
      onCommitFailed: (err) => logger.debug({ err }, "Events' offsets will be committed later"),
    });
  }

  /** Begins to join the group, and goes on trying: another service's topics may not be there yet. */
  start(): void {
    this.joining = this.join();
  }

  private async join(): Promise<void> {
    for (let failures = 0; !this.stopping.signal.aborted;) {
      try {
        this.consumer = await this.open();
        this.held = new HeldPartitions(this.consumer);
        return;
      } catch (error) {
        this.options.messaging.logger.warn({ err: error }, 'Events wait for Kafka');
        await this.backOff(++failures);
      }
    }
  }

  private open(): Promise<GroupConsumer> {
    const { port, subscriptions, messaging } = this.options;
    const { topicPrefix, service, logger } = messaging;
    return port.consumeGroup({
      groupId: topicNames(topicPrefix, service).eventsGroup,
      topics: subscriptions.topics.map((topic) => topicPrefix + topic),
      isolation: 'committed',
      startAt: 'beginning',
      onRecords: (records) => this.intake.take(records),
      onAssigned: (partitions) => {
        this.intake.assigned(partitions);
        this.held?.assigned(partitions);
      },
      onRevoked: (partitions) => this.intake.revoked(partitions),
      onFault: (err) => logger.warn({ err }, 'Events wait for Kafka'),
    });
  }

  /** True while this is a member of its group. */
  isJoined(): boolean {
    return this.consumer?.isJoined() ?? false;
  }

  /** Finishes what is in work, commits its offsets and leaves the group. What waits for a fault is left to others. */
  async stop(): Promise<void> {
    this.stopping.abort();
    // A Kafka that is away must not hold up the end; what joins later is closed with the port.
    await Promise.race([this.joining, delay(DRAIN_MS, undefined, { ref: false })]);
    await this.consumer?.stop();
    await this.intake.drain(DRAIN_MS);
    await this.consumer?.close();
  }

  private async handle(work: Work): Promise<void> {
    const { messaging, database, subscriptions } = this.options;
    const { record } = work;
    const topic = record.topic.slice(messaging.topicPrefix.length);
    const subscription = subscriptions.find(topic, record.headers['type']);
    if (!subscription) {
      work.done();
      return;
    }
    const key = record.key?.toString() ?? '';
    const at = { bucket: database.bucketOf(key), topic, key };
    const trial = { at, subscription, work, attempts: 0, failures: 0, lastError: undefined, isHeld: false };
    const context = {
      traceparent: record.headers['traceparent'],
      messageId: record.headers['id'] ?? '',
      operation: `${subscription.fact.service}.${subscription.fact.name}`,
    };
    await (messaging.runWith?.(context, () => this.finish(trial)) ?? this.finish(trial));
  }

  /** Ends when the event is handled or parked, is somebody else's, or this consumer stops. */
  private async finish(trial: Trial): Promise<void> {
    const { work } = trial;
    for (;;) {
      if (work.isRevoked() || (await this.attempt(trial))) {
        work.done();
        break;
      }
      if (this.stopping.signal.aborted) break;
      await this.backOff(trial.failures);
    }
    if (trial.isHeld) this.held?.release(work.record);
  }

  /** @returns whether the event is done with */
  private async attempt(trial: Trial): Promise<boolean> {
    const { delivery, database, messaging, maxAttempts = 5 } = this.options;
    const { at, subscription, work } = trial;
    const isPoison = trial.attempts >= maxAttempts;
    try {
      if (isPoison) await this.park(trial);
      else await delivery.deliver(at, subscription, work.record);
      return true;
    } catch (error) {
      trial.failures++;
      // That a dead letter could not be written is a passing fault, whatever it looks like.
      const passes = isPoison || database.isTransient(error);
      const fields = { err: error, ...at, event: work.record.headers['id'], attempts: trial.attempts };
      messaging.logger.warn(fields, passes ? 'An event waits for a fault to pass' : 'An event could not be handled');
      if (!passes) {
        trial.lastError = error;
        trial.attempts = error instanceof UnreadableRecord ? maxAttempts : trial.attempts + 1;
        if (trial.attempts >= maxAttempts) return this.attempt(trial);
      } else if (!trial.isHeld) {
        trial.isHeld = true;
        this.held?.hold(work.record);
      }
      return false;
    }
  }

  private async park({ at, work, lastError, attempts }: Trial): Promise<void> {
    const { port, database, messaging } = this.options;
    const { topicPrefix, service, clone, logger, metrics } = messaging;
    const reason = lastError instanceof Error ? lastError.message : String(lastError);
    // First the dead letter: after a crash between the two it is there twice, but never missing.
    const topic = topicNames(topicPrefix, service).deadLetters;
    await writeDeadLetter(port, topic, work.record, reason, clone);
    await database.transaction(at.bucket, (tx) => park(tx, at, work.record, reason, attempts));
    logger.error({ err: lastError, ...at, event: work.record.headers['id'] }, 'An event was parked');
    metrics?.deadLettered?.(work.record.topic, reason);
  }

  private async backOff(failures: number): Promise<void> {
    const { retryMs = 100 } = this.options;
    const ms = Math.min(retryMs * 2 ** (failures - 1), RETRY_MOST_MS) * (0.75 + Math.random() / 2);
    await delay(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }
}
