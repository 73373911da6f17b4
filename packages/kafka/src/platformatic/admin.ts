import {
  Admin,
  ConfigResourceTypes,
  ConnectionPool,
  type Connection,
  consumerGroupDescribeV0,
  consumerGroupHeartbeatV0,
  FetchIsolationLevels,
  FindCoordinatorKeyTypes,
  IncrementalAlterConfigOperationTypes,
  ListOffsetTimestamps,
} from '@stoa/kafka/client';
import { KafkaError, type KafkaAdmin, type TopicSpec } from '../port/port.js';
import { untilLed } from '../port/wait-for-leaders.js';
import { isProtocolError, kafkaError, translated } from './errors.js';
import { Leaderless, Leaders, nameOf } from './leaders.js';
import { lenient } from './lenient.js';
import type { GroupMember } from './library-types.js';
import { offsetsOf } from './offset-bounds.js';
import type { baseSettings } from './settings.js';

/** As a heartbeat's epoch: the member leaves its group (KIP-848). */
const LEAVES = -1;
/** As an offset: the Kafka partition has no leader. */
const NOBODY_KNOWS = -1;

export class PlatformaticAdmin implements KafkaAdmin {
  private readonly admin: Admin;
  private readonly leaders: Leaders;

  constructor(private readonly settings: ReturnType<typeof baseSettings>) {
    this.admin = lenient(new Admin(settings));
    this.leaders = new Leaders(this.admin);
  }

  async createTopics(topics: readonly TopicSpec[]): Promise<void> {
    await Promise.all(topics.map((topic) => this.createTopic(topic)));
    await untilLed(
      this,
      topics.map(({ topic }) => topic),
    );
  }

  private async createTopic({ topic, partitions, replicationFactor, config = {} }: TopicSpec): Promise<void> {
    try {
      const configs = Object.entries(config).map(([name, value]) => ({ name, value }));
      await this.admin.createTopics({ topics: [topic], partitions, replicas: replicationFactor, configs });
    } catch (error) {
      if (!isProtocolError(error, 'TOPIC_ALREADY_EXISTS')) throw kafkaError(error);
    }
  }

  async configureTopics(topics: readonly Pick<TopicSpec, 'topic' | 'config'>[]): Promise<void> {
    const resources = topics.map(({ topic, config = {} }) => ({
      resourceType: ConfigResourceTypes.TOPIC,
      resourceName: topic,
      configurationKeys: Object.keys(config),
    }));
    const current = await translated(() => this.admin.describeConfigs({ resources }));
    const changed = topics.flatMap(({ topic, config = {} }) => {
      const known = new Map(
        current.find(({ resourceName }) => resourceName === topic)?.configs.map(({ name, value }) => [name, value]),
      );
      const differs = Object.entries(config).filter(([name, value]) => known.get(name) !== value);
      return differs.length === 0 ? [] : [{ name: topic, config: Object.fromEntries(differs) }];
    });
    if (changed.length > 0) await this.setConfigs(ConfigResourceTypes.TOPIC, changed);
  }

  private async setConfigs(
    resourceType: (typeof ConfigResourceTypes)[keyof typeof ConfigResourceTypes],
    resources: readonly { readonly name: string; readonly config: Readonly<Record<string, string>> }[],
  ): Promise<void> {
    const configOperation = IncrementalAlterConfigOperationTypes.SET;
    const altered = resources.map(({ name: resourceName, config }) => ({
      resourceType,
      resourceName,
      configs: Object.entries(config).map(([name, value]) => ({ name, configOperation, value })),
    }));
    await translated(() => this.admin.incrementalAlterConfigs({ resources: altered }));
  }

  async deleteTopics(topics: readonly string[]): Promise<void> {
    const removals = topics.map(async (topic) => {
      try {
        await this.admin.deleteTopics({ topics: [topic] });
      } catch (error) {
        if (kafkaError(error).code !== 'UNKNOWN_TOPIC') throw kafkaError(error);
      }
    });
    await Promise.all(removals);
  }

  async listTopics(): Promise<string[]> {
    return translated(() => this.admin.listTopics());
  }

  async partitionCount(topic: string): Promise<number> {
    return (await this.leaders.topic(topic, true)).partitionsCount;
  }

  async endOffsets(topic: string): Promise<number[]> {
    return (await this.offsets(topic, ListOffsetTimestamps.LATEST)).map((offset) => knownOr(NOBODY_KNOWS, offset));
  }

  async beginningOffsets(topic: string): Promise<number[]> {
    return (await this.offsets(topic, ListOffsetTimestamps.EARLIEST)).map((offset) => knownOr(NOBODY_KNOWS, offset));
  }

  async offsetsSince(topic: string, timestampMs: number): Promise<(number | null)[]> {
    const offsets = await this.offsets(topic, BigInt(Math.max(0, Math.floor(timestampMs))));
    return offsets.map((offset) => {
      if (offset instanceof KafkaError) throw offset;
      return offset;
    });
  }

  private async offsets(topic: string, timestamp: bigint): Promise<(number | null | KafkaError)[]> {
    const count = await this.partitionCount(topic);
    const partitions = Array.from({ length: count }, (_, partition) => ({ topic, partition }));
    const query = { timestamp, isolation: FetchIsolationLevels.READ_UNCOMMITTED };
    const found = await offsetsOf(this.admin, partitions, query, false);
    return partitions.map((partition) => found.get(nameOf(partition)) ?? null);
  }

  async committedOffsets(groupId: string, topic: string): Promise<(number | null)[]> {
    const count = await this.partitionCount(topic);
    const partitionIndexes = Array.from({ length: count }, (_, partition) => partition);
    const groups = [{ groupId, topics: [{ name: topic, partitionIndexes }] }];
    const listed = await translated(() => this.admin.listConsumerGroupOffsets({ groups }));
    const offsets: (number | null)[] = partitionIndexes.map(() => null);
    for (const { partitionIndex, committedOffset } of listed
      .flatMap((one) => one.topics)
      .flatMap((one) => one.partitions)) {
      offsets[partitionIndex] = committedOffset < 0n ? null : Number(committedOffset);
    }
    return offsets;
  }

  async listGroups(): Promise<string[]> {
    return translated(async () => [...(await this.admin.listGroups({ types: ['classic', 'consumer'] })).keys()]);
  }

  async deleteGroup(groupId: string): Promise<void> {
    try {
      await this.admin.deleteGroups({ groups: [groupId] });
    } catch (error) {
      if (!isProtocolError(error, 'GROUP_ID_NOT_FOUND')) throw kafkaError(error);
    }
  }

  /** A member leaves by a heartbeat that says so, and the broker takes it from whoever knows the member's id. */
  evict(groupId: string, clientId: string): Promise<number> {
    return translated(async () => {
      const [coordinator] = await this.admin.findCoordinator({
        keyType: FindCoordinatorKeyTypes.GROUP,
        keys: [groupId],
      });
      if (!coordinator) return 0;
      const pool = new ConnectionPool(this.settings.clientId, this.settings);
      try {
        const connection = await pool.get(coordinator);
        const members = await membersOf(connection, groupId);
        const dead = members.filter((member) => member.clientId === clientId);
        for (const { memberId } of dead)
          await consumerGroupHeartbeatV0.api.async(
            connection,
            groupId,
            memberId,
            LEAVES,
            null,
            null,
            0,
            null,
            null,
            null,
            [],
          );
        return dead.length;
      } finally {
        await pool.close();
      }
    });
  }

  /**
   * Makes the broker notice a dead member of this group after `sessionTimeoutMs`. Under KIP-848 that is the group's
   * setting, not the member's. The others learn by their next heartbeat what is theirs now: these are as frequent as a
   * fifth of it, so that a clone may miss four of them. @throws KafkaError when the broker's bounds do not allow it
   */
  async setSessionTimeout(groupId: string, sessionTimeoutMs: number): Promise<void> {
    const config = {
      'consumer.session.timeout.ms': String(sessionTimeoutMs),
      'consumer.heartbeat.interval.ms': String(Math.floor(sessionTimeoutMs / 5)),
    };
    await this.setConfigs(ConfigResourceTypes.GROUP, [{ name: groupId, config }]);
  }

  async ping(): Promise<void> {
    await translated(() => this.admin.metadata({ topics: [], forceUpdate: true }));
  }

  async close(): Promise<void> {
    await translated(() => this.admin.close());
  }
}

/** None of a group that is not there. */
async function membersOf(connection: Connection, groupId: string): Promise<GroupMember[]> {
  try {
    const { groups } = await consumerGroupDescribeV0.api.async(connection, [groupId], false);
    return groups.flatMap(({ members }) => members);
  } catch (error) {
    if (isProtocolError(error, 'GROUP_ID_NOT_FOUND')) return [];
    throw error;
  }
}

/** @throws KafkaError that says more than that nobody leads the Kafka partition */
function knownOr(leaderless: number, offset: number | null | KafkaError): number {
  if (offset instanceof Leaderless) return leaderless;
  if (offset instanceof KafkaError) throw offset;
  return offset ?? 0;
}
