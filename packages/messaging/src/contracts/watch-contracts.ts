import type { ContractDocument } from '@stoa/contract-kit';
import { KafkaError, type Follower, type KafkaPort, type KafkaRecord, type TopicPartition } from '@stoa/kafka';
import { withTimeout } from '@stoa/timing';
import type { MessagingOptions } from '../api/options.js';
import { contractsTopic, serviceOfContractTopic } from '../protocol/topics.js';
import type { SealingKey } from '../sealing/sealed-fields.js';
import { contractsSpec } from './ensure-topics.js';
import { readContractRecord } from './contract-record.js';

/** Hears of the services' contracts. */
export interface ContractListener {
  /** @param sealTo the key that secrets in requests are sealed to; undefined where the service has none */
  published(document: ContractDocument, sealTo: SealingKey | undefined): void;
  /** Its owner withdrew it. */
  withdrawn(service: string): void;
  /** There is a record that can't be followed. @param why as half a sentence about the contract's record */
  unreadable(service: string, why: string): void;
}

export interface ContractWatch {
  /** True once all that was published before the watch began has been handed over. */
  isCaughtUp(): boolean;
  close(): Promise<void>;
}

type Where = Pick<MessagingOptions, 'topicPrefix' | 'replicationFactor' | 'logger'>;

const LOOK_FOR_SERVICES_EVERY_MS = 1_000;
const LIST_TIMEOUT_MS = 5_000;

/**
 * Hands over each service's published contract: the last ones of all services first, then each new one as it comes. A
 * service that is started for the first time is found within a second or two. @throws KafkaError
 */
export async function watchContracts(
  port: KafkaPort,
  where: Where,
  listener: ContractListener,
): Promise<ContractWatch> {
  const watch = new Watch(port, where, listener);
  try {
    await watch.open();
  } catch (error) {
    await watch.close();
    throw error;
  }
  return watch;
}

/** Reads topics. Of the records that were there when it began, only the last of each service counts. */
interface Reader {
  readonly follower: Follower;
  isCaughtUp(): boolean;
}

class Watch implements ContractWatch {
  private readonly readers: Reader[] = [];
  /** Services with a topic of their own, which is being read. */
  private readonly known = new Set<string>();
  private readonly shared: string;
  private looking: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(
    private readonly port: KafkaPort,
    private readonly where: Where,
    private readonly listener: ContractListener,
  ) {
    this.shared = contractsTopic(where.topicPrefix);
  }

  async open(): Promise<void> {
    await this.makeShared();
    await this.look();
    await this.read([this.shared], (record) => void this.takeShared(record));
    this.lookLater();
  }

  isCaughtUp(): boolean {
    return this.readers.every((reader) => reader.isCaughtUp());
  }

  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    await this.looking?.catch(() => undefined);
    await Promise.all(this.readers.map(({ follower }) => follower.close()));
  }

  /** The first gateway may be there before the first service. */
  private async makeShared(): Promise<void> {
    if (!(await exists(this.port, this.shared))) await this.port.admin.createTopics([contractsSpec(this.where)]);
  }

  private lookLater(): void {
    if (this.isClosed) return;
    this.timer = setTimeout(() => {
      void this.look()
        .catch((err: unknown) => this.where.logger.debug({ err }, 'looking for contracts; trying again'))
        .then(() => this.lookLater());
    }, LOOK_FOR_SERVICES_EVERY_MS);
    this.timer.unref();
  }

  /** Takes up the topics of services that were not there before. Calls at the same time share one look. */
  private look(): Promise<void> {
    return (this.looking ??= this.lookOnce().finally(() => (this.looking = undefined)));
  }

  private async lookOnce(): Promise<void> {
    const found = new Map<string, string>();
    for (const topic of await withTimeout(LIST_TIMEOUT_MS, this.port.admin.listTopics())) {
      const service = serviceOfContractTopic(this.where.topicPrefix, topic);
      if (service !== undefined && !this.known.has(service)) found.set(topic, service);
    }
    if (found.size === 0 || this.isClosed) return;
    await this.read([...found.keys()], (record) => this.hand(record, found.get(record.topic)));
    for (const service of found.values()) this.known.add(service);
  }

  /** A contract on the shared topic is one of the version before, unless its service has a topic of its own. */
  private async takeShared(record: KafkaRecord): Promise<void> {
    const service = record.key?.toString() ?? '';
    if (!this.known.has(service)) await this.look().catch(() => undefined);
    if (this.known.has(service)) return;
    this.hand(record, service);
  }

  private hand(record: KafkaRecord, service = ''): void {
    const content = record.key?.toString() === service ? readContractRecord(record) : 'its record has another key';
    if (typeof content === 'string') return this.listener.unreadable(service, content);
    if (content.kind === 'published') {
      // Only its service can have published a key on its topic.
      return this.listener.published(content.document, record.topic === this.shared ? undefined : content.sealTo);
    }
    return record.topic === this.shared
      ? this.listener.unreadable(service, 'it was withdrawn by another than its owner')
      : this.listener.withdrawn(service);
  }

  private async read(topics: readonly string[], hand: (record: KafkaRecord) => void): Promise<void> {
    const ends = await Promise.all(topics.map(async (topic) => (await this.port.admin.endOffsets(topic))[0] ?? 0));
    const waited = new Map(
      topics.map((topic, n) => [topic, ends[n] ?? 0]).filter(([, end]) => end !== 0) as [string, number][],
    );
    const early = new Map<string, KafkaRecord>();
    const catchUp = (topic: string): void => {
      if (!waited.delete(topic)) return;
      // Compaction may not have come by yet: only the last of each service counts.
      const last = [...early].filter(([, record]) => record.topic === topic);
      for (const [key, record] of last) {
        early.delete(key);
        hand(record);
      }
    };
    const take = (record: KafkaRecord): void => {
      const end = waited.get(record.topic);
      if (end === undefined || record.offset >= end) {
        catchUp(record.topic);
        return hand(record);
      }
      early.set(`${record.topic} ${record.key?.toString()}`, record);
      if (record.offset + 1 >= end) catchUp(record.topic);
    };
    const follower = await this.port.follow({
      partitions: topics.map((topic) => ({ topic, partition: 0, from: 'beginning' as const })),
      isolation: 'committed',
      onFault: (err) => this.where.logger.debug({ err }, 'reading contracts; trying again'),
      onRecords: (records) => records.forEach(take),
    });
    this.readers.push({
      follower,
      isCaughtUp: () => {
        // The last offsets may hold no record that is still there.
        for (const [topic, end] of waited) if (follower.position(at(topic)) >= end) catchUp(topic);
        return waited.size === 0;
      },
    });
  }
}

const at = (topic: string): TopicPartition => ({ topic, partition: 0 });

async function exists(port: KafkaPort, topic: string): Promise<boolean> {
  try {
    return (await port.admin.partitionCount(topic)) > 0;
  } catch (error) {
    if (error instanceof KafkaError && error.code === 'UNKNOWN_TOPIC') return false;
    throw error;
  }
}
