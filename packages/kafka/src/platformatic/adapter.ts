import { ConnectionPool, Consumer } from '@stoa/kafka/client';
import { DEFAULT_SESSION_TIMEOUT_MS, type KafkaOptions } from '../port/options.js';
import { Opened } from '../port/opened-resources.js';
import type {
  Acks,
  Follower,
  FollowOptions,
  GroupConsumer,
  GroupOptions,
  KafkaPort,
  OutgoingRecord,
  TransactionalProducer,
} from '../port/port.js';
import { PlatformaticAdmin } from './admin.js';
import { kafkaError } from './errors.js';
import { Fetcher } from './fetcher.js';
import { PlatformaticGroup } from './group.js';
import { lenient, type TopicIds } from './lenient.js';
import { startsOf } from './offset-bounds.js';
import { Producing } from './producing.js';
import { baseSettings } from './settings.js';
import { PlatformaticTransactions } from './transactions.js';

/** The port on @platformatic/kafka. */
export class PlatformaticPort implements KafkaPort {
  readonly client = 'platformatic';
  readonly admin: PlatformaticAdmin;
  private readonly settings: ReturnType<typeof baseSettings>;
  private readonly producing: Producing;
  private readonly opened = new Opened();

  constructor(private readonly options: KafkaOptions) {
    this.settings = baseSettings(options);
    this.producing = new Producing(this.settings);
    this.admin = new PlatformaticAdmin(this.settings);
  }

  produce(records: readonly OutgoingRecord[], acks: Acks): Promise<void> {
    return this.producing.produce(records, acks);
  }

  append(record: OutgoingRecord): Promise<number> {
    return this.producing.append(record);
  }

  leaderOf(record: Pick<OutgoingRecord, 'topic' | 'key' | 'partition'>): number {
    return this.producing.leaderOf(record);
  }

  async consumeGroup(options: GroupOptions): Promise<GroupConsumer> {
    const newConsumer = (groupId: string, idOf: TopicIds): Consumer =>
      lenient(
        new Consumer({
          ...this.settings,
          groupId,
          groupProtocol: 'consumer',
          autocommit: false,
          // Its operations retry within each other, so few are many; what is given up is tried again by the group.
          retries: 2,
          // Shares each topic evenly. The broker's default (uniform) counts over all topics: of two clones it would
          // give one all commands and the other all queries.
          groupRemoteAssignor: 'range',
        }),
        idOf,
      );
    const group = this.opened.keep(
      new PlatformaticGroup(options, { newConsumer, newPool: this.newPool, prepare: this.setSessionTimeout }),
    );
    await group.join();
    return group;
  }

  /** @throws KafkaError when the broker is unavailable; one that does not allow the setting keeps its default */
  private readonly setSessionTimeout = async (groupId: string): Promise<void> => {
    try {
      await this.admin.setSessionTimeout(groupId, this.options.sessionTimeoutMs ?? DEFAULT_SESSION_TIMEOUT_MS);
    } catch (error) {
      const { code } = kafkaError(error);
      if (code !== 'OTHER') throw error;
      this.options.logger.warn({ err: error, groupId }, "the group keeps the broker's default session timeout");
    }
  };

  async follow(options: FollowOptions): Promise<Follower> {
    // Never joins a group: the library wants a name for one all the same.
    const consumer = lenient(
      new Consumer({ ...this.settings, groupId: `${this.options.clientId}-follower`, autocommit: false }),
    );
    const { isolation, onRecords, onFault = () => undefined, maxWaitMs = 5_000, maxBytes = 8 * 1024 * 1024 } = options;
    const fetcher = new Fetcher(consumer, {
      isolation,
      onRecords,
      onFault,
      maxWaitMs,
      maxBytes,
      resetTo: 'beginning',
      newPool: this.newPool,
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
    return this.opened.keepOnce(follower, async () => {
      const { known, unknown } = await startsOf(consumer, options.partitions);
      const [fault] = unknown.values();
      if (fault && known.length === 0) throw fault;
      for (const one of unknown.values()) onFault(one);
      fetcher.add([...known, ...unknown.keys()]);
    });
  }

  async transactional(transactionalId: string): Promise<TransactionalProducer> {
    const producer = new PlatformaticTransactions(this.settings, transactionalId);
    return this.opened.keepOnce(producer, () => producer.register());
  }

  private readonly newPool = (): ConnectionPool => new ConnectionPool(this.options.clientId, this.settings);

  async close(): Promise<void> {
    await this.opened.closeAll();
    await Promise.allSettled([this.producing.close(), this.admin.close()]);
  }
}
