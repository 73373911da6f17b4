import type { GroupConsumer, KafkaPort, KafkaRecord, Logger, TopicOffset } from '@stoa/kafka';
import { untilSuccess } from '../background/until-success.js';
import type { SharedEvent } from './messages-port.js';

/** The events to share, and the work on each. */
export interface SharedEventsOptions {
  readonly groupId: string;
  readonly topic: string;
  readonly logger: Logger;
  readonly wants: (record: KafkaRecord) => boolean;
  /** It may be called again for the same event, and that must do no harm. */
  readonly onEvent: (event: SharedEvent) => Promise<void>;
}

const WAITS_FOR_KAFKA = 'events that end sessions wait for Kafka';

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** The command that an event's data name; undefined where they name none, or can't be read. */
function commandOf(value: Buffer | null | undefined): string | undefined {
  try {
    const { by } = JSON.parse(value?.toString('utf8') ?? '{}') as { by?: unknown };
    return typeof by === 'string' && UUID.test(by) ? by : undefined;
  } catch {
    return undefined;
  }
}

/**
 * SharedEvents hands each wanted event of a topic to one of the clones, at least once: offsets are committed behind the
 * work, so that events which a clone had not finished when it died come to another. Events are few, and handled one by
 * one.
 */
export class SharedEvents {
  private readonly stopping = new AbortController();
  private joining: Promise<void> = Promise.resolve();
  private working: Promise<void> = Promise.resolve();
  private consumer: GroupConsumer | undefined;

  constructor(
    private readonly port: KafkaPort,
    private readonly options: SharedEventsOptions,
  ) {}

  start(): void {
    this.joining = this.join();
  }

  /** Finishes the event in work; the others are another clone's. */
  async close(): Promise<void> {
    this.stopping.abort();
    await this.consumer?.stop();
    await this.working;
    await this.consumer?.close();
  }

  private async join(): Promise<void> {
    const { groupId, topic, logger } = this.options;
    await this.until(WAITS_FOR_KAFKA, async () => {
      this.consumer = await this.port.consumeGroup({
        groupId,
        topics: [topic],
        isolation: 'committed',
        startAt: 'beginning',
        onRecords: (records) => this.enqueue(records),
        onFault: (err) => logger.warn({ err }, WAITS_FOR_KAFKA),
      });
    });
    if (this.stopping.signal.aborted) await this.consumer?.close();
  }

  /** Keeps little of wanted events, however large the batch is. */
  private enqueue(records: readonly KafkaRecord[]): void {
    const events = records
      .filter((record) => this.options.wants(record))
      .map(({ key, headers, value }) => ({
        key: key?.toString() ?? '',
        version: Number(headers['version']),
        by: commandOf(value),
      }));
    const ends = new Map<string, TopicOffset>();
    for (const { topic, partition, offset } of records)
      ends.set(`${topic} ${partition}`, { topic, partition, offset: offset + 1 });
    this.working = this.working.then(() => this.work(events, [...ends.values()]));
  }

  private async work(events: readonly SharedEvent[], ends: readonly TopicOffset[]): Promise<void> {
    const { logger, onEvent } = this.options;
    for (const event of events) await this.until('event that ends sessions waits', () => onEvent(event));
    if (this.stopping.signal.aborted) return;
    await this.joining;
    await this.consumer?.commit(ends).catch((err: unknown) => logger.debug({ err }, 'offsets will be committed later'));
  }

  private until(complaint: string, work: () => Promise<void>): Promise<void> {
    return untilSuccess({ work, complaint, signal: this.stopping.signal, logger: this.options.logger });
  }
}
