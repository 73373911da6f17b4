import { setTimeout as delay } from 'node:timers/promises';
import { ProduceAcks, Producer, produceV9 } from '@stoa/kafka/client';
import { partitionHash } from '../port/murmur2.js';
import { bytesOf, Partitioner } from '../port/partitioner.js';
import { KafkaError, type Acks, type OutgoingRecord } from '../port/port.js';
import { sendInBatches } from '../port/record-size.js';
import { kafkaError, translated } from './errors.js';
import { responseOf, errorOf, leaderOf, Leaders, nameOf, type Topic } from './leaders.js';
import type { ProduceResponse } from './library-types.js';
import { lenient } from './lenient.js';
import { toMessage } from './records.js';
import type { baseSettings } from './settings.js';
import { retryDelayMs } from './settings.js';

/** A record on its way, its Kafka partition chosen. */
interface Sent {
  readonly record: OutgoingRecord;
  readonly message: ReturnType<typeof toMessage> & { partition: number };
}

/** The records that were not written, and why. */
type Failures = Map<Sent, KafkaError>;

const RETRY_FOR_MS = 2_000;
const APPEND_WITHIN_MS = 5_000;

const NO_LEADER = -1;

const PASSING = new Set(['RETRIABLE', 'UNREACHABLE', 'UNKNOWN_TOPIC']);

/**
 * Sends records outside of transactions, over one connection per broker. The library's own send fails a batch as a
 * whole, and sends all of it again when one Kafka partition of it was refused.
 */
export class Producing {
  private readonly producer: Producer;
  private readonly leaders: Leaders;
  private readonly partitioner = new Partitioner();
  /** The last append failed: who leads what may be different by now. */
  private isStale = false;

  constructor(settings: ReturnType<typeof baseSettings>) {
    this.producer = lenient(new Producer(settings));
    this.leaders = new Leaders(this.producer);
  }

  async produce(records: readonly OutgoingRecord[], acks: Acks): Promise<void> {
    if (records.length > 0) await sendInBatches(records, (batch) => this.send(batch, acks));
  }

  /** @throws KafkaError with what was not written */
  private async send(records: readonly OutgoingRecord[], acks: Acks): Promise<void> {
    const deadline = performance.now() + RETRY_FOR_MS;
    let waiting = records.map((record) => this.sent(record));
    const given: Failures = new Map();
    for (let attempt = 1; waiting.length > 0; attempt += 1) {
      const failures = await this.attempt(waiting, acks, attempt > 1);
      waiting = [];
      const isLast = performance.now() > deadline;
      for (const [sent, error] of failures) {
        if (isLast || !PASSING.has(error.code)) given.set(sent, error);
        else waiting.push(sent);
      }
      if (waiting.length > 0) await delay(retryDelayMs(attempt));
    }
    const errors = [...given.values()];
    // Records that are too large are found again, once all others are written.
    const error = errors.find(({ code }) => code !== 'RECORD_TOO_LARGE') ?? errors[0];
    if (!error) return;
    const unwritten = [...given.keys()].map(({ record }) => record);
    throw new KafkaError(error.code, error.message, { cause: error, unwritten });
  }

  private sent(record: OutgoingRecord): Sent {
    const message = toMessage(record, this.partitioner);
    return { record, message: Object.assign(message, { partition: message.partition ?? 0 }) };
  }

  /** See KafkaPort. */
  leaderOf({ topic, key, partition }: Pick<OutgoingRecord, 'topic' | 'key' | 'partition'>): number {
    const known = this.leaders.known(topic);
    const [first] = known?.partitions ?? [];
    if (!known || !first) return NO_LEADER;
    if (known.partitions.every(({ leader }) => leader === first.leader)) return first.leader;
    const bytes = bytesOf(key);
    const chosen = partition ?? (bytes && partitionHash(bytes));
    return chosen === null ? NO_LEADER : (known.partitions[chosen % known.partitionsCount]?.leader ?? NO_LEADER);
  }

  /** Sends each broker what it leads. */
  private async attempt(batch: readonly Sent[], acks: Acks, refresh: boolean): Promise<Failures> {
    const topics = await this.leaders.topics(
      batch.map(({ message }) => message.topic),
      refresh,
    );
    const failures: Failures = new Map();
    const led = new Map<number, Sent[]>();
    for (const sent of batch) {
      const topic = topics.get(sent.message.topic);
      const leader = topic instanceof KafkaError ? topic : this.chosen(sent, topic);
      if (leader instanceof KafkaError) failures.set(sent, leader);
      else if (led.has(leader)) led.get(leader)?.push(sent);
      else led.set(leader, [sent]);
    }
    await Promise.all([...led].map(([leader, some]) => this.sendTo(leader, some, acks, failures)));
    return failures;
  }

  private chosen({ message }: Sent, topic: Topic | undefined): number | KafkaError {
    if (topic) message.partition %= topic.partitionsCount;
    return leaderOf(topic, message);
  }

  private async sendTo(leader: number, batch: readonly Sent[], acks: Acks, failures: Failures): Promise<void> {
    try {
      const { responses } = await this.request(leader, batch, acks);
      const errors = new Map<string, KafkaError>();
      for (const { name: topic, partitionResponses } of responses) {
        for (const { index: partition, errorCode } of partitionResponses) {
          const error = errorOf(errorCode);
          if (error) errors.set(nameOf({ topic, partition }), error);
        }
      }
      if (errors.size === 0) return;
      for (const sent of batch) {
        const error = errors.get(nameOf(sent.message));
        if (error) failures.set(sent, error);
      }
    } catch (error) {
      for (const sent of batch) failures.set(sent, kafkaError(error));
    }
  }

  private async request(leader: number, batch: readonly Sent[], acks: Acks): Promise<ProduceResponse> {
    const connection = await this.leaders.connection(leader);
    const asked = produceV9.api.async(
      connection,
      acks === 'all' ? ProduceAcks.ALL : ProduceAcks.LEADER,
      APPEND_WITHIN_MS,
      batch.map(({ message }) => message) as Parameters<typeof produceV9.api.async>[3],
      {},
    );
    return (await responseOf(asked)) as ProduceResponse; // a boolean only comes for acks=0
  }

  /** Once, so that the time that it took is the broker's. */
  append(record: OutgoingRecord): Promise<number> {
    return translated(async () => {
      const sent = this.sent({ partition: 0, ...record });
      try {
        const leader = this.chosen(sent, await this.leaders.topic(record.topic, this.isStale));
        this.isStale = false;
        if (leader instanceof KafkaError) throw leader;
        const { responses } = await this.request(leader, [sent], 'leader');
        const response = responses[0]?.partitionResponses[0];
        const error = errorOf(response?.errorCode ?? 0);
        if (error) throw error;
        return Number(response?.logAppendTimeMs ?? -1);
      } catch (error) {
        this.isStale = true;
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    await translated(() => this.producer.close(true));
  }
}
