import { randomBytes } from 'node:crypto';
import { openKafka } from '../open-kafka.js';
import type {
  GroupConsumer,
  Follower,
  GroupOptions,
  KafkaClientName,
  KafkaPort,
  KafkaRecord,
  OutgoingRecord,
  StartOffset,
  TopicOffset,
  TopicPartition,
} from '../port/port.js';

/** Features that an adapter may lack: the suite leaves out their tests. */
export interface PortAbilities {
  /** Members come and go without taking Kafka partitions from the others. */
  readonly cooperative: boolean;
  /** Milliseconds after which a silent member loses its Kafka partitions. */
  readonly sessionTimeoutMs: number;
}

/** Of ports, unless a test says otherwise: longer than a busy machine may hold up a heartbeat. */
const SESSION_TIMEOUT_MS = 6_000;

/** Of a topic that a test makes, unless it says otherwise. */
export const PARTITIONS = 4;

/** How long a fetch may wait in tests of what must not wait for its end: that comes soon. */
export const LONG_WAIT_MS = 10_000;
export const SOON_MS = 8_000;

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export interface Member {
  readonly consumer: GroupConsumer;
  readonly records: KafkaRecord[];
  readonly assigned: Map<string, TopicPartition>;
  readonly revocations: TopicPartition[][];
}

/** Opens ports and topics for the suite; `end` closes the ones and deletes the others. */
export class PortKit {
  private readonly ports: KafkaPort[] = [];
  private readonly topics: string[] = [];
  private openedPort: KafkaPort | undefined;

  constructor(
    readonly client: KafkaClientName,
    private readonly brokers: () => string,
    readonly abilities: PortAbilities,
  ) {}

  /** The port that a test uses unless it needs a second one. */
  get port(): KafkaPort {
    if (!this.openedPort) throw new Error('the kit is not started');
    return this.openedPort;
  }

  async start(): Promise<void> {
    this.openedPort = await this.open();
  }

  async open({
    brokers = this.brokers(),
    clientId = `suite-${this.client}`,
    sessionTimeoutMs = SESSION_TIMEOUT_MS,
  } = {}): Promise<KafkaPort> {
    const options = { client: this.client, clientId, sessionTimeoutMs, logger: quiet };
    const opened = await openKafka({ ...options, brokers: brokers.split(',') });
    this.ports.push(opened);
    return opened;
  }

  readonly name = (kind: string): string => `suite-${this.client}-${kind}-${randomBytes(4).toString('hex')}`;

  readonly topic = async (partitions = PARTITIONS, config: Record<string, string> = {}): Promise<string> => {
    const made = this.name('topic');
    this.topics.push(made);
    await this.port.admin.createTopics([{ topic: made, partitions, replicationFactor: 1, config }]);
    return made;
  };

  readonly reader = async (
    topic: string,
    options: { from?: StartOffset; committed?: boolean; partitions?: number; maxWaitMs?: number } = {},
  ): Promise<{ records: KafkaRecord[]; follower: Follower }> => {
    const records: KafkaRecord[] = [];
    const { from = 'beginning', committed = true, partitions = PARTITIONS, maxWaitMs } = options;
    const follower = await this.port.follow({
      partitions: Array.from({ length: partitions }, (_, partition) => ({ topic, partition, from })),
      isolation: committed ? 'committed' : 'uncommitted',
      ...(maxWaitMs !== undefined && { maxWaitMs }),
      onRecords: (some) => records.push(...some),
    });
    return { records, follower };
  };

  readonly member = async (
    topic: string,
    groupId: string,
    options: Partial<GroupOptions> = {},
    on: KafkaPort = this.port,
  ): Promise<Member> => {
    const records: KafkaRecord[] = [];
    const assigned = new Map<string, TopicPartition>();
    const revocations: TopicPartition[][] = [];
    const nameOf = (of: TopicPartition): string => `${of.topic}:${of.partition}`;
    const consumer = await on.consumeGroup({
      groupId,
      topics: [topic],
      isolation: 'uncommitted',
      startAt: 'beginning',
      onRecords: (some) => records.push(...some),
      ...options,
      onAssigned: (partitions) => {
        for (const partition of partitions) assigned.set(nameOf(partition), partition);
        options.onAssigned?.(partitions);
      },
      onRevoked: (partitions) => {
        revocations.push([...partitions]);
        for (const partition of partitions) assigned.delete(nameOf(partition));
        options.onRevoked?.(partitions);
      },
    });
    return { consumer, records, assigned, revocations };
  };

  async end(): Promise<void> {
    await Promise.all(this.ports.map((opened) => opened.close()));
    const last = await openKafka({
      brokers: this.brokers().split(','),
      client: this.client,
      clientId: 'suite-end',
      logger: quiet,
    });
    await last.admin.deleteTopics(this.topics);
    await last.close();
  }
}

export const numbered = (topic: string, count: number, key: string | null = null, from = 0): OutgoingRecord[] =>
  Array.from({ length: count }, (_, i) => ({ topic, key, value: `${from + i}`, headers: { n: `${from + i}` } }));

export const values = (records: readonly KafkaRecord[]): string[] =>
  records.map((record) => record.value?.toString() ?? '');

/** The offsets to commit once these records are done. */
export const offsetsAfter = (records: readonly KafkaRecord[]): TopicOffset[] =>
  records.map(({ topic, partition, offset }) => ({ topic, partition, offset: offset + 1 }));
