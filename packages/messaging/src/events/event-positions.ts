import { KafkaError, type KafkaPort, type KafkaRecord, type TopicOffset, type TopicPartition } from '@stoa/kafka';
import type { Database } from '@stoa/postgres';
import type { MessagingOptions } from '../api/options.js';
import { topicNames } from '../protocol/topics.js';
import { eventName, EventGroups } from '../subscriptions/event-groups.js';
import { readStarts, recordStarts, type EventStarts } from './event-starts.js';
import type { EventSubscription, SubscriptionTable } from '../subscriptions/subscription-table.js';

export interface EventPositionsOptions {
  readonly port: KafkaPort;
  readonly messaging: Pick<MessagingOptions, 'topicPrefix' | 'service'>;
  readonly database: Database;
  readonly subscriptions: SubscriptionTable<EventSubscription>;
}

/** By Kafka partition of a topic; null where nothing is known. */
type Offsets = readonly (number | null)[];

// As long as the topics keep events. Kafka may keep one for longer, which may have been handled so long ago that its
// version was purged.
const KEPT_MS = 7 * 24 * 3_600_000;

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}:${partition}`;

/**
 * EventPositions exists so that no event is missed or handled twice when the set of subscriptions changes, or two
 * versions of a service run; it works by a position for each subscription in each Kafka partition. That is the highest
 * offset that any group with the subscription committed, or else where the subscription begins. A Kafka partition is
 * read from the lowest of these, and records below their own subscription's position are passed over.
 */
export class EventPositions {
  readonly groupId: string;
  private readonly groups: EventGroups;
  /** By subscription: those that begin `now`. */
  private readonly starts = new Map<EventSubscription, EventStarts>();
  /** Positions by Kafka partition, then by type, that are beyond the offset where reading began. */
  private readonly beyond = new Map<string, ReadonlyMap<string, number>>();

  constructor(private readonly options: EventPositionsOptions) {
    const { topicPrefix, service } = options.messaging;
    this.groups = new EventGroups(topicNames(topicPrefix, service).eventsGroup);
    this.groupId = this.groups.idOf(options.subscriptions.all.map(({ message }) => eventName(message)));
  }

  /**
   * Records the start of subscriptions that begin `now`, unless they have begun: events published from then on are
   * theirs.
   * @throws KafkaError; what the database throws
   */
  async begin(): Promise<void> {
    const { subscriptions, port, database } = this.options;
    for (const topic of subscriptions.topics) {
      for (const subscription of subscriptions.of(topic).filter(({ from }) => from === 'now')) {
        const { name } = subscription.message;
        const known = await readStarts(database, topic, name);
        const starts =
          known ??
          ((await this.hasBegun(topic, subscription))
            ? undefined
            : await recordStarts(database, topic, name, await port.admin.endOffsets(this.withPrefix(topic))));
        if (starts) this.starts.set(subscription, starts);
      }
    }
  }

  /** For GroupOptions. */
  readonly startFrom = async (partitions: readonly TopicPartition[]): Promise<TopicOffset[]> => {
    const topics = [...new Set(partitions.map(({ topic }) => topic))];
    const positions = new Map(
      await Promise.all(topics.map(async (topic) => [topic, await this.positionsIn(topic)] as const)),
    );
    return partitions.map(({ topic, partition }) => {
      const byType = [...(positions.get(topic) ?? [])].map(([type, of]): [string, number] => [type, of(partition)]);
      const offset = Math.min(...byType.map(([, position]) => position));
      this.beyond.set(nameOf({ topic, partition }), new Map(byType.filter(([, position]) => position > offset)));
      return { topic, partition, offset };
    });
  };

  /** True for a record below the position of its type: it was handled, or came before the subscription began. */
  isPassed(record: KafkaRecord): boolean {
    const position = this.beyond.get(nameOf(record))?.get(record.headers['type'] ?? '');
    return position !== undefined && record.offset < position;
  }

  /** The position in each Kafka partition of a topic (with the prefix), by type. */
  private async positionsIn(topic: string): Promise<Map<string, (partition: number) => number>> {
    const subscriptions = this.options.subscriptions.of(topic.slice(this.options.messaging.topicPrefix.length));
    const committed = await this.committed(topic, subscriptions);
    // The ends are read after the commits: an offset beyond them is of a topic of this name that was deleted since.
    // Nobody knows the end of a Kafka partition without a leader, which must not keep the others from being read.
    const ends = await this.options.port.admin.endOffsets(topic);
    const within = (partition: number, offset: number | null | undefined): number | undefined => {
      const end = ends[partition] ?? 0;
      return typeof offset === 'number' && (end < 0 || offset <= end) ? offset : undefined;
    };
    const handled = (subscription: EventSubscription, partition: number): number | undefined =>
      within(partition, committed.get(subscription)?.[partition]);
    const haveAllBegun = subscriptions.every((each) =>
      ends.every((_, partition) => handled(each, partition) !== undefined),
    );
    const oldest = haveAllBegun ? [] : await this.oldest(topic, ends);
    return new Map(
      subscriptions.map((subscription) => {
        const position = (partition: number): number => {
          const start = within(partition, this.starts.get(subscription)?.[partition]);
          return Math.max(handled(subscription, partition) ?? oldest[partition] ?? 0, start ?? 0);
        };
        return [subscription.message.name, position];
      }),
    );
  }

  /** The highest offsets that a group with the subscription committed, by subscription. */
  private async committed(
    topic: string,
    subscriptions: readonly EventSubscription[],
  ): Promise<Map<EventSubscription, Offsets>> {
    const { admin } = this.options.port;
    const groups = new Set([this.groupId, ...(await admin.listGroups())]);
    const found = new Map<EventSubscription, Offsets>();
    for (const groupId of groups) {
      const events = this.groups.eventsOf(groupId);
      const handled = subscriptions.filter(({ message }) => events.includes(eventName(message)));
      if (handled.length === 0) continue;
      const offsets = await admin.committedOffsets(groupId, topic);
      for (const each of handled) found.set(each, highest(found.get(each) ?? [], offsets));
    }
    return found;
  }

  private async hasBegun(topic: string, subscription: EventSubscription): Promise<boolean> {
    const committed = await this.committed(this.withPrefix(topic), [subscription]);
    return committed.get(subscription)?.some((offset) => offset !== null) ?? false;
  }

  /** The first offsets of the time for which events are kept. `ends` were read before: later events are behind them. */
  private async oldest(topic: string, ends: readonly number[]): Promise<number[]> {
    const { admin } = this.options.port;
    try {
      const kept = await admin.offsetsSince(topic, Date.now() - KEPT_MS);
      return kept.map((offset, partition) => Math.max(0, offset ?? ends[partition] ?? 0));
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error;
      // Unknown for a topic with a Kafka partition without a leader: then from the beginning, which Kafka keeps little
      // longer.
      return (await admin.beginningOffsets(topic)).map((offset) => Math.max(0, offset));
    }
  }

  private withPrefix(topic: string): string {
    return this.options.messaging.topicPrefix + topic;
  }
}

function highest(a: Offsets, b: Offsets): Offsets {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, partition) => {
    const offsets = [a[partition], b[partition]].filter((offset) => typeof offset === 'number');
    return offsets.length > 0 ? Math.max(...offsets) : null;
  });
}
