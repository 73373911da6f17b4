import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Consumer, type Kafka, type KafkaConfig, type SASLOptions } from 'kafkajs';
import type { KafkaAccess } from '../port/access.js';
import type { Logger } from '../port/logger.js';
import { DEFAULT_SESSION_TIMEOUT_MS, type KafkaOptions } from '../port/options.js';
import { Opened } from '../port/opened-resources.js';
import { Partitioner } from '../port/partitioner.js';
import type {
  Acks,
  Follower,
  FollowOptions,
  GroupConsumer,
  GroupOptions,
  Isolation,
  KafkaPort,
  OutgoingRecord,
  TopicOffset,
  TransactionalProducer,
} from '../port/port.js';
import { sendInBatches } from '../port/record-size.js';
import { KafkaJsAdmin } from './admin.js';
import { kafkaError, translated } from './errors.js';
import { KafkaJsFollower } from './follower.js';
import { KafkaJsGroup } from './group.js';
import { stopIdleTimer } from './idle-timer.js';
import { LastingProducer } from './lasting-producer.js';
import { byGivenNumber, toBatch } from './records.js';
import { KafkaJsTransactions } from './transactions.js';

stopIdleTimer();

// The library sends heartbeats between fetches only, and notices a rebalance by a heartbeat: a member's fetches must be
// short.
const MEMBER_WAIT_MS = 300;
// A consumer that ends waits for its running fetch.
const FOLLOWER_WAIT_MS = 1_000;
/** Before the last try to follow. */
const LONGEST_WAIT_MS = 3_200;
// Shorter ones end under load, because heartbeats wait for the handling of a fetch.
const LEAST_SESSION_TIMEOUT_MS = 6_000;

/**
 * The port on kafkajs. What it can't do: keep a group's other members at work while one joins or leaves; notice a dead
 * member within two seconds; take one Kafka partition's fault for that one's: while one of a topic has no leader, the
 * library reads and writes none of the topic's others; say which records of a batch were written; know a topic that was
 * made anew from the former of its name.
 */
export class KafkaJsPort implements KafkaPort {
  readonly client = 'kafkajs';
  readonly admin: KafkaJsAdmin;
  private readonly kafka: Kafka;
  private readonly producer: LastingProducer;
  private readonly partitioner = new Partitioner();
  private readonly opened = new Opened();

  constructor(private readonly options: KafkaOptions) {
    this.kafka = new kafkajs.Kafka({
      clientId: options.clientId,
      brokers: [...options.brokers],
      ...accessSettings(options.access),
      connectionTimeout: 2_000,
      requestTimeout: 12_000,
      retry: { initialRetryTime: 25, maxRetryTime: 400, retries: 6 },
      logLevel: kafkajs.logLevel.ERROR,
      logCreator: () => quietly(options.logger),
    });
    this.admin = new KafkaJsAdmin(this.kafka.admin());
    this.producer = new LastingProducer(() =>
      this.kafka.producer({ createPartitioner: byGivenNumber, allowAutoTopicCreation: false }),
    );
  }

  async produce(records: readonly OutgoingRecord[], acks: Acks): Promise<void> {
    if (records.length === 0) return;
    await sendInBatches(records, async (batch) => {
      await this.producer.send(toBatch(batch, this.partitioner, acks === 'all' ? -1 : 1));
    });
  }

  async append(record: OutgoingRecord): Promise<number> {
    const [result] = await this.producer.send(toBatch([{ partition: 0, ...record }], this.partitioner, 1));
    return Number(result?.logAppendTime ?? -1);
  }

  private consumer(
    groupId: string,
    isolation: Isolation,
    maxWaitTimeInMs: number,
    maxBytes = 8 * 1024 * 1024,
  ): Consumer {
    const sessionTimeout = Math.max(
      LEAST_SESSION_TIMEOUT_MS,
      this.options.sessionTimeoutMs ?? DEFAULT_SESSION_TIMEOUT_MS,
    );
    return this.kafka.consumer({
      groupId,
      sessionTimeout,
      rebalanceTimeout: 10_000,
      heartbeatInterval: MEMBER_WAIT_MS,
      maxWaitTimeInMs,
      minBytes: 1,
      maxBytes,
      maxBytesPerPartition: Math.ceil(maxBytes / 2),
      readUncommitted: isolation === 'uncommitted',
      allowAutoTopicCreation: false,
      metadataMaxAge: 120_000,
      retry: { initialRetryTime: 25, maxRetryTime: 400, retries: 6 },
    });
  }

  async consumeGroup(options: GroupOptions): Promise<GroupConsumer> {
    const { groupId, isolation, maxWaitMs = MEMBER_WAIT_MS, maxBytes } = options;
    const wait = Math.min(maxWaitMs, MEMBER_WAIT_MS);
    const group = this.opened.keep(new KafkaJsGroup(options, () => this.consumer(groupId, isolation, wait, maxBytes)));
    await group.join();
    return group;
  }

  /** The library reads in groups only, whose coordinator a broker that has just been made takes a moment to have. */
  async follow(options: FollowOptions): Promise<Follower> {
    for (let wait = 50; ; wait *= 2) {
      try {
        return await this.followOnce(options);
      } catch (error) {
        if (kafkaError(error).code !== 'RETRIABLE' || wait > LONGEST_WAIT_MS) throw error;
        await delay(wait);
      }
    }
  }

  private async followOnce(options: FollowOptions): Promise<Follower> {
    const { isolation, maxWaitMs = FOLLOWER_WAIT_MS, maxBytes } = options;
    const groupId = `${this.options.clientId}-follower-${randomBytes(6).toString('hex')}`;
    const start = await this.startOffsets(options.partitions);
    const consumer = this.consumer(groupId, isolation, Math.min(maxWaitMs, FOLLOWER_WAIT_MS), maxBytes);
    const follower = new KafkaJsFollower(consumer, options, start, () => this.admin.deleteGroup(groupId));
    return this.opened.keepOnce(follower, () => translated(() => follower.open()));
  }

  private async startOffsets(partitions: FollowOptions['partitions']): Promise<TopicOffset[]> {
    const topics = [...new Set(partitions.map((partition) => partition.topic))];
    const bounds = new Map(
      await Promise.all(
        topics.map(async (topic) => {
          const [beginning, end] = [await this.admin.beginningOffsets(topic), await this.admin.endOffsets(topic)];
          return [topic, { beginning, end }] as const;
        }),
      ),
    );
    return partitions.map(({ topic, partition, from }) => {
      if (typeof from === 'number') return { topic, partition, offset: from };
      return { topic, partition, offset: bounds.get(topic)?.[from][partition] ?? 0 };
    });
  }

  async transactional(transactionalId: string): Promise<TransactionalProducer> {
    const library = this.kafka.producer({
      transactionalId,
      idempotent: true,
      maxInFlightRequests: 1,
      transactionTimeout: 10_000,
      createPartitioner: byGivenNumber,
      allowAutoTopicCreation: false,
      retry: { initialRetryTime: 10, maxRetryTime: 400, retries: 12 },
    });
    return this.opened.keepOnce(new KafkaJsTransactions(library), (producer) => producer.register());
  }

  async close(): Promise<void> {
    await this.opened.closeAll();
    await Promise.allSettled([this.producer.close(), this.admin.close()]);
  }
}

/** The library has a type for each mechanism; all have the same fields. */
const accessSettings = ({ sasl, tls }: KafkaAccess = {}): Pick<KafkaConfig, 'sasl' | 'ssl'> => ({
  ...(sasl && { sasl: { ...sasl } as SASLOptions }),
  ...(tls && { ssl: { ...tls } }),
});

/** The library logs as errors what it goes on to retry. Exceptions and onFault report those that matter. */
const quietly =
  (logger: Logger) =>
  ({ namespace, log }: { namespace: string; log: { message: string } }): void =>
    logger.debug({ namespace }, log.message);
