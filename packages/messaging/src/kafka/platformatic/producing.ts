import { ProduceAcks, Producer, produceV9 } from '@stoa/kafka-client';
import { Partitioner } from '../partitioner.js';
import { KafkaError, type Acks, type OutgoingRecord } from '../port.js';
import { sendInBatches } from '../record-size.js';
import { translated } from './errors.js';
import type { ProduceResponse } from './library-types.js';
import { toMessage } from './records.js';
import type { baseSettings } from './settings.js';

/** Sends records outside of transactions, over one connection per broker. */
export class Producing {
  readonly #producer: Producer;
  readonly #partitioner = new Partitioner();

  constructor(settings: ReturnType<typeof baseSettings>) {
    this.#producer = new Producer(settings);
  }

  async produce(records: readonly OutgoingRecord[], acks: Acks): Promise<void> {
    if (records.length > 0) await sendInBatches(records, (batch) => this.#send(batch, acks));
  }

  async #send(records: readonly OutgoingRecord[], acks: Acks): Promise<void> {
    const messages = records.map((record) => toMessage(record, this.#partitioner));
    await translated(async () => {
      try {
        await this.#producer.send({ messages, acks: acks === 'all' ? ProduceAcks.ALL : ProduceAcks.LEADER });
      } catch (error) {
        // Who leads what may be different now; the library sticks to what it knew of topics other than the failed one.
        this.#producer.clearMetadata();
        throw error;
      }
    });
  }

  /** The library's own send keeps the broker's append time to itself. */
  append(record: OutgoingRecord): Promise<number> {
    return translated(async () => {
      const { partition = 0, ...message } = toMessage({ partition: 0, ...record }, this.#partitioner);
      const metadata = await this.#producer.metadata({ topics: [record.topic] });
      const leader = metadata.topics.get(record.topic)?.partitions[partition]?.leader ?? -1;
      const connection = (await this.#producer.connectToBrokers([leader])).get(leader);
      if (!connection) throw new KafkaError('RETRIABLE', `Kafka partition ${record.topic}:${partition} has no leader`);
      const sent = [{ ...message, partition }] as Parameters<typeof produceV9.api.async>[3];
      try {
        const answer = await produceV9.api.async(connection, ProduceAcks.LEADER, 5_000, sent, {});
        const response = answer as ProduceResponse; // a boolean only comes for acks=0
        return Number(response.responses[0]?.partitionResponses[0]?.logAppendTimeMs ?? -1);
      } catch (error) {
        this.#producer.clearMetadata();
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    await translated(() => this.#producer.close(true));
  }
}
