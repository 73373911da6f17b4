/**
 * What this package needs of a Kafka client, and nothing more. Two adapters stand behind it (see `openKafka`); one
 * suite of expectations (port.suite.ts) holds for both.
 */

export type KafkaClientName = 'platformatic' | 'kafkajs';

export type Headers = Readonly<Record<string, string>>;

/** A record to send. Keyed records go to murmur2(key) & 0x7fffffff modulo the partitions, as Java's client does. */
export interface OutgoingRecord {
  readonly topic: string;
  /** Null: spread over the Kafka partitions, a few neighbouring records of a batch to each. */
  readonly key: string | Buffer | null;
  /** Null deletes the key from a compacted topic. */
  readonly value: string | Buffer | null;
  readonly headers?: Headers;
  /** Chooses the Kafka partition instead of the key. */
  readonly partition?: number;
}

export interface KafkaRecord {
  readonly topic: string;
  readonly partition: number;
  /** A number, not a bigint: offsets stay below 2^53 for longer than Kafka will exist. */
  readonly offset: number;
  /** Milliseconds since the epoch by the broker's clock (topics here are LogAppendTime). */
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Headers;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface TopicOffset extends TopicPartition {
  /** The next offset to read, as Kafka's committed offsets mean it. */
  readonly offset: number;
}

/** `all`: every in-sync replica has it. `leader`: the leader has it (commands, queries, replies). */
export type Acks = 'all' | 'leader';

/** `committed` hides records of open and aborted transactions. */
export type Isolation = 'committed' | 'uncommitted';

/** Gets the records of one fetch, in order per Kafka partition. Must not throw and must not wait: pause instead. */
export type RecordsListener = (records: readonly KafkaRecord[]) => void;

interface ConsumeOptions {
  readonly isolation: Isolation;
  readonly onRecords: RecordsListener;
  /** A fault that the consumer goes on trying to get over (broker unavailable, rejoining). For logs and readiness. */
  readonly onFault?: (error: KafkaError) => void;
  /** Milliseconds that the broker holds a fetch while there is nothing; 5,000 if not given. */
  readonly maxWaitMs?: number;
  /** Bytes of one fetch; 8 MiB if not given. */
  readonly maxBytes?: number;
}

export interface GroupOptions extends ConsumeOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  /** Where a Kafka partition starts that the group never committed, or whose committed offset is gone. */
  readonly startAt: 'beginning' | 'end';
  /**
   * Asked where these Kafka partitions start, each time that they are assigned, instead of what the group committed and
   * of `startAt`. One that rejects is asked again.
   */
  readonly startFrom?: (partitions: readonly TopicPartition[]) => Promise<readonly TopicOffset[]>;
  /** Called before the first records of these Kafka partitions. */
  readonly onAssigned?: (partitions: readonly TopicPartition[]) => void;
  /**
   * These Kafka partitions are another member's from now on; no more of their records come. A commit called (not
   * awaited) in here still goes out before the partitions are given up, where the membership is still valid.
   * @platformatic/kafka gives no time to wait in.
   */
  readonly onRevoked?: (partitions: readonly TopicPartition[]) => void;
}

/** A member of a consumer group. Kafka partitions are fetched until paused. */
export interface GroupConsumer {
  /**
   * Offsets of Kafka partitions that are not assigned (any more) are left out. Never sent by who is no member.
   * @throws KafkaError when some were not committed; the caller tries again.
   */
  commit(offsets: readonly TopicOffset[]): Promise<void>;
  pause(partition: TopicPartition): void;
  resume(partition: TopicPartition): void;
  assignment(): readonly TopicPartition[];
  /** True while this is a live member of the group (it may have no Kafka partition). */
  isJoined(): boolean;
  /** No more records; the membership stays, so that commits go through. Cannot be undone. */
  stop(): Promise<void>;
  /** Stops and leaves the group, so that others get the Kafka partitions at once. */
  close(): Promise<void>;
}

/** Where a follower starts: an offset, the oldest record, or the end as it is now. */
export type StartOffset = number | 'beginning' | 'end';

export interface FollowOptions extends ConsumeOptions {
  readonly partitions: readonly (TopicPartition & { readonly from: StartOffset })[];
}

/**
 * Reads Kafka partitions without a group. An offset that is out of range goes on at the beginning, and so does a topic
 * that was made anew. Each Kafka partition is read while it has a leader, whatever others lack (not by kafkajs: see its
 * adapter).
 */
export interface Follower {
  pause(partition: TopicPartition): void;
  resume(partition: TopicPartition): void;
  /**
   * The next offset to be fetched: equal to the topic's end offset when there is nothing more (control records
   * included).
   */
  position(partition: TopicPartition): number;
  /** Reads on from another offset. */
  seek(partition: TopicPartition, offset: number): void;
  close(): Promise<void>;
}

/**
 * One open transaction; ends with exactly one of commit and abort. Here Kafka partitions don't fail apart: one that
 * loses its leader while a transaction has records for it keeps the next transactions of the same id waiting until it
 * has one again.
 */
export interface Transaction {
  /** acks=all; in as many batches as the records' bytes need. @throws FencedError; KafkaError RECORD_TOO_LARGE */
  send(records: readonly OutgoingRecord[]): Promise<void>;
  /** @throws FencedError: nothing of the transaction is seen by readers of committed records. */
  commit(): Promise<void>;
  abort(): Promise<void>;
}

/** One producer per `transactional.id`: opening another one anywhere fences this one. */
export interface TransactionalProducer {
  /** One at a time. @throws FencedError */
  begin(): Promise<Transaction>;
  close(): Promise<void>;
}

export interface TopicSpec {
  readonly topic: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Kafka's topic settings, e.g. { 'cleanup.policy': 'compact' }. */
  readonly config?: Readonly<Record<string, string>>;
}

export interface KafkaAdmin {
  /**
   * Creates what is missing; a topic that exists is left as it is. Returns when each has its leaders, less those it
   * lost.
   */
  createTopics(topics: readonly TopicSpec[]): Promise<void>;
  /** Gives topics the settings that are named, where they differ; others stay. @throws KafkaError */
  configureTopics(topics: readonly Pick<TopicSpec, 'topic' | 'config'>[]): Promise<void>;
  /** A topic that is not there is fine. */
  deleteTopics(topics: readonly string[]): Promise<void>;
  listTopics(): Promise<string[]>;
  /** The number of Kafka partitions of a topic, with a leader or without. @throws KafkaError UNKNOWN_TOPIC */
  partitionCount(topic: string): Promise<number>;
  /**
   * By Kafka partition: the next offset to be written (high watermark); −1 for one without a leader, of which nobody
   * knows it.
   */
  endOffsets(topic: string): Promise<number[]>;
  /** By Kafka partition: the oldest offset; −1 for one without a leader. */
  beginningOffsets(topic: string): Promise<number[]>;
  /**
   * By Kafka partition: the first offset at or after the broker's time; null when there is none.
   * @throws KafkaError also when one of them has no leader: "none since then" would be a guess
   */
  offsetsSince(topic: string, timestampMs: number): Promise<(number | null)[]>;
  /** By Kafka partition: what the group committed; null where it never did. */
  committedOffsets(groupId: string, topic: string): Promise<(number | null)[]>;
  /** The ids of all consumer groups, also of those that have no member now. @throws KafkaError */
  listGroups(): Promise<string[]>;
  /** A group that is not there is fine; one with members is refused. */
  deleteGroup(groupId: string): Promise<void>;
  /**
   * Takes a client's members out of a group now, not when their session times out: for a client that is known to be
   * dead. One that lives joins anew. @returns how many there were; 0 from kafkajs, whose groups know no such request
   */
  evict(groupId: string, clientId: string): Promise<number>;
  /** @throws KafkaError UNREACHABLE */
  ping(): Promise<void>;
}

export interface KafkaPort {
  readonly client: KafkaClientName;
  readonly admin: KafkaAdmin;
  /**
   * Sends records in the order given per Kafka partition, in as many batches as their bytes need. Retries what may
   * pass, within about two seconds. Kafka partitions fail apart: what others lack keeps no record from being written,
   * and a record that is known to be written is not sent again.
   * @throws RecordTooLargeError: all but some records were written; another KafkaError: `unwritten` says which may not
   *   have been. kafkajs can't tell them apart
   */
  produce(records: readonly OutgoingRecord[], acks: Acks): Promise<void>;
  /**
   * The number of the broker that a record would go to, as far as is known without asking; −1 where it is not known or
   * there is none. Records of different brokers that are sent by different calls don't wait for each other. Missing
   * where the client can't tell.
   */
  leaderOf?(record: Pick<OutgoingRecord, 'topic' | 'key' | 'partition'>): number;
  /**
   * Appends one record with acks=1 and answers its append time by the broker's clock, in ms (LogAppendTime topics
   * only).
   */
  append(record: OutgoingRecord): Promise<number>;
  /** Joins a consumer group. Resolves once this is a member; the Kafka partitions come by onAssigned. */
  consumeGroup(options: GroupOptions): Promise<GroupConsumer>;
  /**
   * @throws KafkaError when none of the Kafka partitions can be read yet; those that others are read without are taken
   * up later
   */
  follow(options: FollowOptions): Promise<Follower>;
  /** Resolves once the producer is registered: from then on all earlier producers of the same id are fenced. */
  transactional(transactionalId: string): Promise<TransactionalProducer>;
  /** Closes what was opened through this port. */
  close(): Promise<void>;
}

export type KafkaErrorCode =
  | 'UNREACHABLE'
  | 'UNKNOWN_TOPIC'
  | 'RECORD_TOO_LARGE'
  /** Another producer took over the transactional id. */
  | 'FENCED'
  | 'CLOSED'
  /** May pass: leader election, coordinator loading, rebalance. */
  | 'RETRIABLE'
  | 'OTHER';

export class KafkaError extends Error {
  override readonly name: string = 'KafkaError';
  /** Of `produce`: the records that may not have been written; all others were. Undefined: it may be any of them. */
  readonly unwritten: readonly OutgoingRecord[] | undefined;
  constructor(
    readonly code: KafkaErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly unwritten?: readonly OutgoingRecord[] } = {},
  ) {
    super(message, options);
    this.unwritten = options.unwritten;
  }
}

/** Records that the broker takes in no batch, however small. */
export class RecordTooLargeError extends KafkaError {
  override readonly name = 'RecordTooLargeError';
  constructor(
    readonly records: readonly OutgoingRecord[],
    options?: { readonly cause?: unknown },
  ) {
    const [first] = records;
    const message = `the broker takes no record as large as this one for ${first?.topic ?? '?'}`;
    super('RECORD_TOO_LARGE', message, { ...options, unwritten: records });
  }
}

/** A producer whose `transactional.id` was taken over by another: it must give up its leadership. */
export class FencedError extends KafkaError {
  override readonly name = 'FencedError';
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super('FENCED', message, options);
  }
}
