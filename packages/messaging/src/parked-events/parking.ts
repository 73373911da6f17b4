import type { Database } from '@stoa/postgres';
import type { KafkaPort, KafkaRecord } from '@stoa/kafka';
import type { MessagingOptions } from '../api/options.js';
import { writeDeadLetter } from '../protocol/dead-letter.js';
import { topicNames } from '../protocol/topics.js';
import { noteDeadLetter, park, type EventKey } from './parked-events.js';

export interface ParkingOptions {
  readonly port: KafkaPort;
  readonly database: Database;
  readonly messaging: MessagingOptions;
}

/**
 * Parks one event and writes its dead letter, which follows from the row that was committed:
 *
 * parking → reporting (the row says that its dead letter is not written yet) → noting → done
 *
 * The record's offset is committed after that, so a crash in between brings the record again: the row is found, and the
 * missing steps are done. Only a crash between the dead letter and its note writes a second one, with the same origin.
 */
export class Parking {
  private step: 'parking' | 'reporting' | 'noting' | 'done' = 'parking';
  private reason = '';

  constructor(
    private readonly options: ParkingOptions,
    private readonly at: EventKey,
    private readonly record: KafkaRecord,
    private readonly fault: unknown,
    private readonly attempts: number,
  ) {}

  /** Does the steps that are left; to be called again after a failure. @throws an error of Kafka or the database */
  async finish(): Promise<void> {
    if (this.step === 'parking') await this.park();
    if (this.step === 'reporting') await this.report();
    if (this.step === 'noting') await this.note();
  }

  private async park(): Promise<void> {
    const { at, record, fault, attempts } = this;
    const reason = fault instanceof Error ? fault.message : String(fault);
    const { database } = this.options;
    const owed = await database.transaction(at.bucket, (tx) => park(tx, at, record, reason, attempts));
    this.reason = owed ?? '';
    this.step = owed === undefined ? 'done' : 'reporting';
  }

  private async report(): Promise<void> {
    const { at, record, fault, reason } = this;
    const { port, messaging } = this.options;
    const { topicPrefix, service, clone, logger, metrics } = messaging;
    await writeDeadLetter(port, topicNames(topicPrefix, service).deadLetters, record, reason, clone);
    this.step = 'noting';
    logger.error({ err: fault, ...at, event: record.headers['id'] }, 'an event was parked');
    metrics?.deadLettered?.(record.topic, reason);
  }

  private async note(): Promise<void> {
    const { at, record, options } = this;
    await options.database.transaction(at.bucket, (tx) => noteDeadLetter(tx, at, record, options.messaging.clone));
    this.step = 'done';
  }
}
