import { Consumer, type ConnectionPool } from '@stoa/kafka/client';
import { pause } from '@stoa/timing';
import {
  KafkaError,
  type GroupConsumer,
  type GroupOptions,
  type TopicOffset,
  type TopicPartition,
} from '../port/port.js';
import { isProtocolError, kafkaError, translated } from './errors.js';
import { Fetcher } from './fetcher.js';
import { nameOf } from './leaders.js';
import type { TopicIds } from './lenient.js';
import { Membership } from './membership.js';
import { byTopic, startsOf, type Start } from './offset-bounds.js';
import { retryDelayMs } from './settings.js';

export interface GroupDependencies {
  readonly newConsumer: (groupId: string, idOf: TopicIds) => Consumer;
  readonly newPool: () => ConnectionPool;
  /** Done before each join. */
  readonly prepare: (groupId: string) => Promise<void>;
}

/**
 * A member of a group under Kafka's new protocol (KIP-848): others come and go without stopping this one. A membership
 * that the coordinator no longer knows (this process was suspended for too long) is replaced by a new one; until then
 * its Kafka partitions count as revoked.
 */
export class PlatformaticGroup implements GroupConsumer {
  private readonly owned = new Map<string, TopicPartition>();
  private membership: Membership | undefined;
  private fetcher: Fetcher | undefined;
  private stopped = false;
  private closed = false;
  private readonly closing = new AbortController();
  /** Assignments are taken up one after the other. */
  private taking: Promise<void> = Promise.resolve();

  constructor(
    private readonly options: GroupOptions,
    private readonly dependencies: GroupDependencies,
  ) {}

  /** Tries until this is a member. @throws KafkaError CLOSED */
  async join(): Promise<void> {
    for (let attempt = 1; !this.closed; attempt += 1) {
      try {
        await this.joinOnce();
        if (!this.closed) return;
      } catch (error) {
        this.report(kafkaError(error));
        await pause(retryDelayMs(attempt), this.closing.signal);
      }
    }
    throw new KafkaError('CLOSED', 'closed before it had joined its group');
  }

  private async joinOnce(): Promise<void> {
    await this.dependencies.prepare(this.options.groupId);
    if (this.closed) return;
    const consumer = this.dependencies.newConsumer(this.options.groupId, (topic, partition) =>
      this.fetcher?.topicIdOf({ topic, partition }),
    );
    const membership = new Membership(consumer, {
      topics: [...this.options.topics],
      onChange: () => this.compare(membership),
      onLost: (error) => void this.rejoin(membership, error),
    });
    const { isolation, onRecords, maxWaitMs = 5_000, maxBytes = 8 * 1024 * 1024, startAt: resetTo } = this.options;
    const { newPool } = this.dependencies;
    this.membership = membership;
    this.fetcher = new Fetcher(consumer, {
      isolation,
      onRecords,
      maxWaitMs,
      maxBytes,
      resetTo,
      newPool,
      onFault: this.report,
      // As if it were given anew: what was counted by the offsets of before must not be committed.
      onReset: (partition) => this.options.onAssigned?.([partition]),
    });
    try {
      await membership.join();
      this.compare(membership);
    } catch (error) {
      this.membership = undefined;
      await membership.leave();
      throw error;
    }
  }

  /** The membership is void: give up what it owned, and join anew. */
  private async rejoin(membership: Membership, error: KafkaError): Promise<void> {
    if (this.closed || membership !== this.membership) return;
    this.membership = undefined;
    this.report(error);
    this.revoke([...this.owned.values()]);
    await Promise.all([this.fetcher?.stop(), membership.leave()]);
    if (!this.stopped) await this.join().catch(() => undefined); // closed meanwhile
  }

  private readonly report = (error: KafkaError): void => {
    if (!this.closed) this.options.onFault?.(error);
  };

  /** Revokes at once, while the membership still may commit; takes up what is new after that. */
  private compare(membership: Membership): void {
    if (membership !== this.membership) return;
    const now = new Map(membership.assignment().map((partition) => [nameOf(partition), partition]));
    this.revoke([...this.owned.values()].filter((partition) => !now.has(nameOf(partition))));
    const added = [...now.values()].filter((partition) => !this.owned.has(nameOf(partition)));
    if (added.length === 0) return;
    for (const partition of added) this.owned.set(nameOf(partition), partition);
    this.taking = this.taking.then(() => this.take(membership, added));
  }

  private revoke(partitions: readonly TopicPartition[]): void {
    if (partitions.length === 0) return;
    this.fetcher?.remove(partitions);
    this.options.onRevoked?.(partitions); // may still commit: what is owned is
    for (const partition of partitions) this.owned.delete(nameOf(partition));
  }

  private async take(membership: Membership, added: readonly TopicPartition[]): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const wanted = added.filter((partition) => this.owned.get(nameOf(partition)) === partition);
      if (membership !== this.membership || this.stopped || wanted.length === 0) return;
      try {
        const positions = await this.positions(membership.consumer, wanted);
        const mine = positions.filter((position) => this.owned.has(nameOf(position)));
        if (membership !== this.membership || this.stopped) return;
        this.options.onAssigned?.(mine);
        this.fetcher?.add(mine);
        return;
      } catch (error) {
        this.report(kafkaError(error));
        await pause(retryDelayMs(attempt), this.closing.signal);
      }
    }
  }

  /**
   * Where each partition goes on: where the options say, or what the group committed, or the start that the options
   * name.
   */
  private async positions(consumer: Consumer, wanted: readonly TopicPartition[]): Promise<readonly Start[]> {
    if (this.options.startFrom) {
      const starts = await this.options.startFrom(wanted);
      return starts.map(({ offset, ...partition }) => ({ ...partition, from: offset }));
    }
    const committed = await consumer.listCommittedOffsets({
      topics: [...byTopic(wanted)].map(([topic, partitions]) => ({ topic, partitions })),
    });
    const { known, unknown } = await startsOf(
      consumer,
      wanted.map(({ topic, partition }) => {
        const offset = Number(committed.get(topic)?.[partition] ?? -1);
        return { topic, partition, from: offset < 0 ? this.options.startAt : offset };
      }),
    );
    // Those begin when somebody leads them.
    for (const fault of unknown.values()) this.report(fault);
    return [...known, ...unknown.keys()];
  }

  async commit(offsets: readonly TopicOffset[]): Promise<void> {
    if (this.closed) throw new KafkaError('CLOSED', 'this has left its group');
    const membership = this.membership;
    const mine = offsets.filter((offset) => this.owned.has(nameOf(offset)));
    if (mine.length === 0 || !membership) return;
    if (!membership.isMember()) throw new KafkaError('RETRIABLE', 'this is no member of its group at the moment');
    try {
      await membership.consumer.commit({
        offsets: mine.map(({ topic, partition, offset }) => ({
          topic,
          partition,
          offset: BigInt(offset),
          leaderEpoch: -1,
        })),
      });
    } catch (error) {
      if (isProtocolError(error, 'UNKNOWN_MEMBER_ID')) void this.rejoin(membership, kafkaError(error));
      throw kafkaError(error);
    }
  }

  pause(partition: TopicPartition): void {
    this.fetcher?.pause(partition);
  }

  resume(partition: TopicPartition): void {
    this.fetcher?.resume(partition);
  }

  assignment(): readonly TopicPartition[] {
    return [...this.owned.values()];
  }

  isJoined(): boolean {
    return this.membership?.isAlive() ?? false;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.fetcher?.stop();
  }

  async close(): Promise<void> {
    if (this.closed) return;
    await this.stop();
    this.closed = true;
    this.closing.abort();
    await translated(async () => this.membership?.leave());
  }
}
