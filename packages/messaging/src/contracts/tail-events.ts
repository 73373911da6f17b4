import type { Follower, KafkaPort, KafkaRecord, Logger, TopicPartition } from '@stoa/kafka';

/** An event as it passes by. */
export interface TailedEvent {
  readonly topic: string;
  readonly key: string;
  /** The event's name. */
  readonly type: string;
  readonly eventId: string;
  /** Per key. */
  readonly version: number;
  /** Null: the state is gone. */
  readonly data: unknown;
}

export interface EventTail {
  close(): Promise<void>;
}

const LOOK_FOR_TOPICS_EVERY_MS = 2_000;

/**
 * Hands over the events of topics (full names) from now on, without a group: every process gets all of them, none is
 * kept for one that is not running. For shortening caches, not for what must not be missed. Topics that are not there
 * yet are taken up when they appear.
 */
export async function tailEvents(
  port: KafkaPort,
  topics: readonly string[],
  onEvent: (event: TailedEvent) => void,
  logger: Logger,
): Promise<EventTail> {
  const tail = new Tail(port, topics, onEvent, logger);
  await tail.look();
  return tail;
}

class Tail implements EventTail {
  private readonly followers: Follower[] = [];
  private readonly missing: Set<string>;
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(
    private readonly port: KafkaPort,
    topics: readonly string[],
    private readonly onEvent: (event: TailedEvent) => void,
    private readonly logger: Logger,
  ) {
    this.missing = new Set(topics);
  }

  async look(): Promise<void> {
    try {
      const existing = new Set(await this.port.admin.listTopics());
      const found = [...this.missing].filter((topic) => existing.has(topic));
      const partitions = await Promise.all(found.map((topic) => this.partitionsOf(topic)));
      await this.follow(partitions.flat());
      for (const topic of found) this.missing.delete(topic);
    } catch (err) {
      this.logger.debug({ err }, 'looking for event topics; trying again');
    }
    if (this.missing.size === 0 || this.isClosed) return;
    this.timer = setTimeout(() => void this.look(), LOOK_FOR_TOPICS_EVERY_MS);
    this.timer.unref();
  }

  private async partitionsOf(topic: string): Promise<TopicPartition[]> {
    const count = await this.port.admin.partitionCount(topic);
    return Array.from({ length: count }, (_, partition) => ({ topic, partition }));
  }

  private async follow(partitions: readonly TopicPartition[]): Promise<void> {
    if (partitions.length === 0 || this.isClosed) return;
    const follower = await this.port.follow({
      partitions: partitions.map((partition) => ({ ...partition, from: 'end' })),
      isolation: 'committed',
      onRecords: (records) => {
        for (const record of records) this.hand(record);
      },
      onFault: (err) => this.logger.debug({ err }, 'tailing events; trying again'),
    });
    this.followers.push(follower);
  }

  private hand(record: KafkaRecord): void {
    const { topic, headers, key, value, offset } = record;
    try {
      const data: unknown = value === null ? null : JSON.parse(value.toString());
      const { type = '', id: eventId = '', version } = headers;
      this.onEvent({ topic, key: key?.toString() ?? '', type, eventId, version: Number(version), data });
    } catch (err) {
      this.logger.warn({ err, topic, offset }, 'an event could not be read; skipped');
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    await Promise.all(this.followers.map((follower) => follower.close()));
  }
}
