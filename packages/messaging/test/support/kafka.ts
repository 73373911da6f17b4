import { testKafkaBrokers, uniqueName } from '@stoa/testing';
import { openKafka } from '@stoa/kafka';
import type { Follower, KafkaClientName, KafkaPort, KafkaRecord, Logger } from '@stoa/kafka';
import type { MessagingOptions } from '../../src/api/options.js';
import { topicNames } from '../../src/protocol/topics.js';

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: object;
}

/** Keeps what is logged, for tests that look at it. */
export function memoryLogger(): Logger & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at = (level: string) => (fields: object, message: string) => void lines.push({ level, message, fields });
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

export interface TestKafka {
  readonly port: KafkaPort;
  readonly prefix: string;
  readonly options: MessagingOptions;
  readonly logger: ReturnType<typeof memoryLogger>;
  /** Another connection, as another process would have it. */
  open(): Promise<KafkaPort>;
  /** Settings of the given service. */
  optionsOf(service: string): MessagingOptions;
  /** Follows a topic (without prefix) from its beginning; records are those that readers of committed ones see. */
  reader(topic: string): Promise<{ readonly records: KafkaRecord[]; readonly follower: Follower }>;
  close(): Promise<void>;
}

const PARTITIONS = 3;
/** KAFKA_CLIENT=kafkajs runs the same tests over the other adapter. */
const client = (process.env['KAFKA_CLIENT'] ?? 'platformatic') as KafkaClientName;

/** A connection to the shared broker, with topics of its own for the services. */
export async function testKafka(service: string, others: readonly string[] = []): Promise<TestKafka> {
  const prefix = `${uniqueName('t')}.`;
  const logger = memoryLogger();
  const opened: KafkaPort[] = [];
  const open = async (): Promise<KafkaPort> => {
    const options = { brokers: [testKafkaBrokers()], client, clientId: 'test', logger };
    // Longer than a busy machine may hold up a heartbeat: what is only slow must not be handled a second time.
    const port = await openKafka({ ...options, sessionTimeoutMs: 6_000 });
    opened.push(port);
    return port;
  };
  const port = await open();
  const topics = [service, ...others].flatMap((name) => {
    const { events, states, deadLetters } = topicNames(prefix, name);
    const one = { partitions: PARTITIONS, replicationFactor: 1 };
    const config = { 'message.timestamp.type': 'LogAppendTime' };
    return [
      { ...one, topic: events, config },
      { ...one, topic: states, config: { ...config, 'cleanup.policy': 'compact' } },
      { ...one, topic: deadLetters, config },
    ];
  });
  await port.admin.createTopics(topics);
  const optionsOf = (name: string): MessagingOptions => ({
    brokers: [testKafkaBrokers()],
    client,
    topicPrefix: prefix,
    service: name,
    clone: `${name}-1`,
    replicationFactor: 1,
    partitions: PARTITIONS,
    logger,
  });
  const reader = async (topic: string) => {
    const records: KafkaRecord[] = [];
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({
      topic: prefix + topic,
      partition,
      from: 'beginning' as const,
    }));
    const follower = await port.follow({
      partitions,
      isolation: 'committed',
      onRecords: (got) => void records.push(...got),
    });
    return { records, follower };
  };
  const close = async (): Promise<void> => {
    await port.admin.deleteTopics(topics.map(({ topic }) => topic));
    await Promise.all(opened.map((each) => each.close()));
  };
  return { port, prefix, options: optionsOf(service), logger, open, optionsOf, reader, close };
}
