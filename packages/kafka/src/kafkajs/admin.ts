import kafkajs, { type Admin } from 'kafkajs';
import { KafkaError, type KafkaAdmin, type TopicSpec } from '../port/port.js';
import { untilLed } from '../port/wait-for-leaders.js';
import { isProtocolError, kafkaError, translated } from './errors.js';

const { ConfigResourceTypes, ConfigSource } = kafkajs;
const OF_THE_TOPIC: number = ConfigSource.TOPIC_CONFIG;

export class KafkaJsAdmin implements KafkaAdmin {
  private connecting: Promise<void> | undefined;
  private lastOffsets: Promise<unknown> = Promise.resolve();

  constructor(private readonly admin: Admin) {}

  /** The library connects by an extra call; done at the first use, and again after a failure. */
  private run<T>(call: (admin: Admin) => Promise<T>): Promise<T> {
    return translated(async () => {
      this.connecting ??= this.admin.connect();
      try {
        await this.connecting;
      } catch (error) {
        this.connecting = undefined;
        throw error;
      }
      return call(this.admin);
    });
  }

  /**
   * One after the other: a call for another topic makes the library load its metadata anew, and one that reads offsets
   * in the meantime finds none.
   */
  private offsets<T>(call: (admin: Admin) => Promise<T>): Promise<T> {
    const mine = this.lastOffsets.then(() => this.run(call));
    this.lastOffsets = mine.catch(() => undefined);
    return mine;
  }

  async createTopics(topics: readonly TopicSpec[]): Promise<void> {
    for (const { topic, partitions, replicationFactor, config = {} } of topics) {
      const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
      const spec = { topic, numPartitions: partitions, replicationFactor, configEntries };
      // Answers false for a topic that exists. Its own way to wait gives up when a broker has not heard of the topic
      // yet.
      await this.run((admin) => admin.createTopics({ topics: [spec], waitForLeaders: false }));
    }
    await untilLed(
      this,
      topics.map(({ topic }) => topic),
    );
  }

  /** The library knows only the request that replaces all of a topic's own settings: what stays is said again. */
  async configureTopics(topics: readonly Pick<TopicSpec, 'topic' | 'config'>[]): Promise<void> {
    for (const { topic, config = {} } of topics) {
      const asked = { includeSynonyms: false, resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }] };
      const { resources } = await this.run((admin) => admin.describeConfigs(asked));
      const entries = resources[0]?.configEntries ?? [];
      const current = new Map(entries.map(({ configName, configValue }) => [configName, configValue]));
      if (Object.entries(config).every(([name, value]) => current.get(name) === value)) continue;
      const own = entries.filter(({ configSource }) => configSource === OF_THE_TOPIC);
      const all = { ...Object.fromEntries(own.map((entry) => [entry.configName, entry.configValue])), ...config };
      const configEntries = Object.entries(all).map(([name, value]) => ({ name, value }));
      const altered = { type: ConfigResourceTypes.TOPIC, name: topic, configEntries };
      await this.run((admin) => admin.alterConfigs({ validateOnly: false, resources: [altered] }));
    }
  }

  async deleteTopics(topics: readonly string[]): Promise<void> {
    for (const topic of topics) {
      try {
        await this.run((admin) => admin.deleteTopics({ topics: [topic] }));
      } catch (error) {
        if (kafkaError(error).code !== 'UNKNOWN_TOPIC') throw error;
      }
    }
  }

  listTopics(): Promise<string[]> {
    return this.run((admin) => admin.listTopics());
  }

  async partitionCount(topic: string): Promise<number> {
    const { topics } = await this.run((admin) => admin.fetchTopicMetadata({ topics: [topic] }));
    const count = topics[0]?.partitions.length ?? 0;
    if (count === 0) throw new KafkaError('UNKNOWN_TOPIC', `there is no topic ${topic}`);
    return count;
  }

  async endOffsets(topic: string): Promise<number[]> {
    return inOrder(await this.offsets((admin) => admin.fetchTopicOffsets(topic)), ({ high }) => Number(high));
  }

  async beginningOffsets(topic: string): Promise<number[]> {
    return inOrder(await this.offsets((admin) => admin.fetchTopicOffsets(topic)), ({ low }) => Number(low));
  }

  async offsetsSince(topic: string, timestampMs: number): Promise<(number | null)[]> {
    const time = Math.max(0, Math.floor(timestampMs));
    const found = await this.offsets((admin) => admin.fetchTopicOffsetsByTimestamp(topic, time));
    const ends = await this.endOffsets(topic);
    // Where there is no such record, the library answers the end.
    return inOrder(found, ({ offset, partition }) => (Number(offset) < (ends[partition] ?? 0) ? Number(offset) : null));
  }

  async committedOffsets(groupId: string, topic: string): Promise<(number | null)[]> {
    const [found] = await this.run((admin) => admin.fetchOffsets({ groupId, topics: [topic] }));
    return inOrder(found?.partitions ?? [], ({ offset }) => (Number(offset) < 0 ? null : Number(offset)));
  }

  async listGroups(): Promise<string[]> {
    const { groups } = await this.run((admin) => admin.listGroups());
    return groups.map(({ groupId }) => groupId);
  }

  async deleteGroup(groupId: string): Promise<void> {
    try {
      await this.run((admin) => admin.deleteGroups([groupId]));
    } catch (error) {
      const groups = (error as { cause?: { groups?: { error?: unknown }[] } }).cause?.groups ?? [];
      if (!groups.some((group) => isProtocolError(group.error, 'GROUP_ID_NOT_FOUND'))) throw error;
    }
  }

  evict(): Promise<number> {
    return Promise.resolve(0);
  }

  async ping(): Promise<void> {
    await this.run((admin) => admin.describeCluster());
  }

  async close(): Promise<void> {
    if (this.connecting) await translated(() => this.admin.disconnect());
  }
}

/** A value per Kafka partition, at its index. */
function inOrder<T extends { readonly partition: number }, V>(found: readonly T[], value: (one: T) => V): V[] {
  return found.toSorted((a, b) => a.partition - b.partition).map(value);
}
