import { ConnectionPool, Consumer, ListOffsetTimestamps } from '@stoa/kafka-client';
import { DEFAULT_SESSION_TIMEOUT_MS, type KafkaOptions } from '../open-kafka.js';
import { Opened } from '../opened.js';
import type {
  Acks,
  Follower,
  FollowOptions,
  GroupConsumer,
  GroupOptions,
  KafkaPort,
  OutgoingRecord,
  TopicOffset,
  TransactionalProducer,
} from '../port.js';
import { PlatformaticAdmin } from './admin.js';
import { kafkaError, translated } from './errors.js';
import { Fetcher } from './fetcher.js';
import { PlatformaticGroup } from './group.js';
import { Producing } from './producing.js';
import { baseSettings } from './settings.js';
import { PlatformaticTransactions } from './transactions.js';

/** The port on @platformatic/kafka. */
export class PlatformaticPort implements KafkaPort {
  readonly client = 'platformatic';
  readonly admin: PlatformaticAdmin;
  readonly #settings: ReturnType<typeof baseSettings>;
  readonly #producing: Producing;
  readonly #opened = new Opened();

  constructor(private readonly options: KafkaOptions) {
    this.#settings = baseSettings(options);
    this.#producing = new Producing(this.#settings);
    this.admin = new PlatformaticAdmin(this.#settings);
  }

  produce(records: readonly OutgoingRecord[], acks: Acks): Promise<void> {
    return this.#producing.produce(records, acks);
  }

  append(record: OutgoingRecord): Promise<number> {
    return this.#producing.append(record);
  }

  async consumeGroup(options: GroupOptions): Promise<GroupConsumer> {
    const newConsumer = (groupId: string): Consumer =>
      new Consumer({
        ...this.#settings,
        ...{ groupId, groupProtocol: 'consumer', autocommit: false },
        // Its operations retry within each other, so few are many; what is given up is tried again by the group.
        retries: 2,
        // Shares each topic evenly. The broker's default (uniform) counts over all topics: of two clones it would give one
        // all commands and the other all queries.
        groupRemoteAssignor: 'range',
      });
    const group = this.#opened.keep(
      new PlatformaticGroup(options, { newConsumer, newPool: this.#newPool, prepare: this.#setSessionTimeout }),
    );
    await group.join();
    return group;
  }

  /** @throws KafkaError when the broker is away; one that does not allow it is lived with */
  readonly #setSessionTimeout = async (groupId: string): Promise<void> => {
    try {
      await this.admin.setSessionTimeout(groupId, this.options.sessionTimeoutMs ?? DEFAULT_SESSION_TIMEOUT_MS);
    } catch (error) {
      const { code } = kafkaError(error);
      if (code !== 'OTHER') throw error;
      this.options.logger.warn({ err: error, groupId }, "the broker's default session time-out stands for the group");
    }
  };

  async follow(options: FollowOptions): Promise<Follower> {
    // Never joins a group: the library wants a name for one all the same.
    const consumer = new Consumer({
      ...this.#settings,
      groupId: `${this.options.clientId}-follower`,
      autocommit: false,
    });
    const { isolation, onRecords, onFault = () => undefined, maxWaitMs = 5_000, maxBytes = 8 * 1024 * 1024 } = options;
    const fetcher = new Fetcher(consumer, {
      ...{ isolation, onRecords, onFault, maxWaitMs, maxBytes },
      ...{ resetTo: 'beginning', newPool: this.#newPool },
    });
    const follower: Follower = {
      pause: (partition) => fetcher.pause(partition),
      resume: (partition) => fetcher.resume(partition),
      position: (partition) => fetcher.position(partition) ?? 0,
      seek: (partition, offset) => fetcher.seek(partition, offset),
      close: async () => {
        await fetcher.stop();
        await consumer.close(true).catch(() => undefined);
      },
    };
    return this.#opened.keepOnce(follower, async () => {
      for (const { topic } of options.partitions) if (!consumer.topics.has(topic)) consumer.topics.track(topic);
      fetcher.add(await translated(() => startOffsets(consumer, options.partitions)));
    });
  }

  async transactional(transactionalId: string): Promise<TransactionalProducer> {
    const producer = new PlatformaticTransactions(this.#settings, transactionalId);
    return this.#opened.keepOnce(producer, () => producer.register());
  }

  readonly #newPool = (): ConnectionPool => new ConnectionPool(this.options.clientId, this.#settings);

  async close(): Promise<void> {
    await this.#opened.closeAll();
    await Promise.allSettled([this.#producing.close(), this.admin.close()]);
  }
}

async function startOffsets(consumer: Consumer, partitions: FollowOptions['partitions']): Promise<TopicOffset[]> {
  const topics = [...new Set(partitions.map((partition) => partition.topic))];
  const list = async (from: 'beginning' | 'end') =>
    partitions.some((partition) => partition.from === from)
      ? consumer.listOffsets({ topics, timestamp: ListOffsetTimestamps[from === 'beginning' ? 'EARLIEST' : 'LATEST'] })
      : undefined;
  const [beginning, end] = [await list('beginning'), await list('end')];
  return partitions.map(({ topic, partition, from }) => {
    if (typeof from === 'number') return { topic, partition, offset: from };
    return { topic, partition, offset: Number((from === 'beginning' ? beginning : end)?.get(topic)?.[partition] ?? 0) };
  });
}
