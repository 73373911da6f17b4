import type { Producer, ProducerBatch, RecordMetadata } from 'kafkajs';
import { kafkaError } from './errors.js';

/** Longer than a request may take. */
const OTHERS_TAKE_MS = 15_000;

/**
 * A producer that outlives the topics it has written to. The library asks for all of them whenever it looks for a new
 * one, and gives up if any is gone: after one process's reply topic was deleted, none of another process could be
 * written to. So a producer that met a topic which is gone is replaced by a fresh one, which knows of none.
 */
export class LastingProducer {
  private current: { readonly producer: Producer; readonly connected: Promise<void> } | undefined;

  constructor(private readonly newProducer: () => Producer) {}

  /** @throws KafkaError; UNKNOWN_TOPIC when one of the batch's own topics is not there */
  async send(batch: ProducerBatch): Promise<RecordMetadata[]> {
    try {
      return await this.trySend(batch);
    } catch (error) {
      // It may be a topic of an earlier batch that is gone: nothing of this one was sent then.
      if (kafkaError(error).code !== 'UNKNOWN_TOPIC') throw kafkaError(error);
    }
    try {
      return await this.trySend(batch);
    } catch (error) {
      throw kafkaError(error);
    }
  }

  private async trySend(batch: ProducerBatch): Promise<RecordMetadata[]> {
    const { producer, connected } = (this.current ??= this.open());
    try {
      await connected;
    } catch (error) {
      this.forget(producer);
      throw error;
    }
    try {
      return await producer.sendBatch(batch);
    } catch (error) {
      if (kafkaError(error).code === 'UNKNOWN_TOPIC') this.forget(producer);
      throw error;
    }
  }

  /** The library connects by an extra call. */
  private open(): { producer: Producer; connected: Promise<void> } {
    const producer = this.newProducer();
    const connected = producer.connect();
    connected.catch(() => undefined); // whoever sends hears of it
    return { producer, connected };
  }

  /** Others may be sending with it: it is closed once they have had their answers, or given up. */
  private forget(producer: Producer): void {
    if (this.current?.producer !== producer) return;
    this.current = undefined;
    setTimeout(() => void producer.disconnect().catch(() => undefined), OTHERS_TAKE_MS).unref();
  }

  async close(): Promise<void> {
    await this.current?.producer.disconnect();
  }
}
