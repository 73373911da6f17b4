import type { KafkaPort } from '@stoa/kafka';
import type { Database } from '@stoa/postgres';
import { pause } from '@stoa/timing';
import type { MessagingOptions } from '../api/options.js';
import type { Work } from '../intake/intake.js';
import { BeforeFailed, isRecordsFault } from '../bulkheads/record-faults.js';
import type { EventDelivery } from './event-delivery.js';
import { UnreadableRecord } from '../subscriptions/event-record.js';
import type { EventKey } from '../parked-events/parked-events.js';
import { Parking } from '../parked-events/parking.js';
import { retryPause } from '../bulkheads/retry-pause.js';
import type { ServerGate } from '../bulkheads/server-gate.js';
import type { EventSubscription } from '../subscriptions/subscription-table.js';

/** The attempts, all the event's own fault, after which it is parked. */
export const MAX_ATTEMPTS = 5;

export interface EventRetriesOptions {
  readonly port: KafkaPort;
  readonly database: Database;
  readonly messaging: MessagingOptions;
  readonly delivery: EventDelivery;
  readonly maxAttempts: number;
  readonly retryMs: number;
  /** Ends all waiting. */
  readonly stopping: AbortSignal;
}

/** One event on its way to be handled or parked. */
interface Attempted {
  readonly at: EventKey;
  readonly subscription: EventSubscription;
  readonly work: Work;
  readonly gate: ServerGate;
  /** Failures that count. */
  attempts: number;
  /** All failures, for the back-off. */
  failures: number;
  /** Once the event is to be parked. */
  parking: Parking | undefined;
}

/**
 * Tries events until each is handled or parked. A failure counts only when the event or its handler is at fault
 * (record-faults.ts); for anything else the event waits as long as it takes.
 */
export class EventRetries {
  constructor(private readonly options: EventRetriesOptions) {}

  /**
   * Tries an event until it is handled or parked. Never rejects.
   * @returns true when it is, or belongs to another member now; false when this stops before that
   */
  async finish(at: EventKey, subscription: EventSubscription, work: Work, gate: ServerGate): Promise<boolean> {
    const trial: Attempted = { at, subscription, work, gate, attempts: 0, failures: 0, parking: undefined };
    for (;;) {
      if (work.isRevoked() || (await this.attempt(trial))) return true;
      if (this.options.stopping.aborted) return false;
    }
  }

  /** @returns whether the event is handled or parked */
  private async attempt(trial: Attempted): Promise<boolean> {
    const isWanted = (): boolean => !trial.work.isRevoked() && !this.options.stopping.aborted;
    try {
      return (await trial.gate.try(isWanted, () => this.goOn(trial))) ?? false;
    } catch (thrown) {
      const error = thrown instanceof BeforeFailed ? thrown.cause : thrown;
      trial.failures++;
      if (!this.isJudged(trial, error)) await trial.gate.outOfSlot(() => this.pause(trial.failures));
      return false;
    }
  }

  private async goOn(trial: Attempted): Promise<true> {
    const { at, subscription, work } = trial;
    if (!trial.parking) {
      const delivered = await this.options.delivery.deliver(at, subscription, work.record);
      if (delivered !== 'unreported') return true;
      trial.parking = new Parking(this.options, at, work.record, '', 0);
    }
    await trial.parking.finish();
    return true;
  }

  /** Counts a failure that is the event's own. @returns true when the event is to be parked now */
  private isJudged(trial: Attempted, error: unknown): boolean {
    const { database, messaging, maxAttempts } = this.options;
    const { at, work, parking } = trial;
    // A failure to park an event is never its own fault, whatever it looks like.
    const isOwn = !parking && isRecordsFault(error, (each) => database.isTransient(each));
    const fields = { err: error, ...at, event: work.record.headers['id'], attempts: trial.attempts };
    messaging.logger.warn(fields, isOwn ? 'an event could not be handled' : 'an event waits for a fault to end');
    if (!isOwn) return false;
    trial.attempts = error instanceof UnreadableRecord ? maxAttempts : trial.attempts + 1;
    if (trial.attempts < maxAttempts) return false;
    trial.parking = new Parking(this.options, at, work.record, error, trial.attempts);
    return true;
  }

  private async pause(failures: number): Promise<void> {
    const { retryMs, stopping } = this.options;
    await pause(retryPause(failures, retryMs), stopping);
  }
}
