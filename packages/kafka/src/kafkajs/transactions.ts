import { setTimeout as delay } from 'node:timers/promises';
import type { Producer, Transaction as LibraryTransaction } from 'kafkajs';
import { Partitioner } from '../port/partitioner.js';
import { FencedError, type OutgoingRecord, type Transaction, type TransactionalProducer } from '../port/port.js';
import { batchesOf } from '../port/record-size.js';
import { isProtocolError, kafkaError } from './errors.js';
import { toBatch } from './records.js';

const ALL = -1;
const TRIES = 60;

export class KafkaJsTransactions implements TransactionalProducer {
  private readonly partitioner = new Partitioner();
  private fenced: FencedError | undefined;

  constructor(private readonly producer: Producer) {}

  /** Registers at the broker, which fences all earlier producers of the id. */
  async register(): Promise<void> {
    await this.guarded(() => this.producer.connect());
    const transaction = await this.guarded(() => this.producer.transaction());
    await this.guarded(() => transaction.abort()); // nothing was sent: only the library knows of it
  }

  async begin(): Promise<Transaction> {
    if (this.fenced) throw this.fenced;
    const transaction = await this.guarded(() => this.producer.transaction());
    return {
      send: async (records: readonly OutgoingRecord[]) => {
        if (records.length === 0) return;
        for (const batch of batchesOf(records)) await this.send(transaction, batch);
      },
      commit: () => this.guarded(() => transaction.commit()),
      abort: async () => {
        // Of a fenced transaction nothing is left to abort.
        if (!this.fenced) await this.guarded(() => transaction.abort());
      },
    };
  }

  private async send(transaction: LibraryTransaction, records: readonly OutgoingRecord[]): Promise<void> {
    const batch = toBatch(records, this.partitioner, ALL);
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.guarded(() => transaction.sendBatch(batch));
        return;
      } catch (error) {
        // The one before is not written to its end yet. The library gives up at once.
        if (attempt === TRIES || !isProtocolError(error, 'CONCURRENT_TRANSACTIONS')) throw error;
        await delay(Math.min(3 * attempt, 100));
      }
    }
  }

  private async guarded<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      const found = kafkaError(error);
      if (found instanceof FencedError) this.fenced = found;
      throw found;
    }
  }

  async close(): Promise<void> {
    await this.producer.disconnect();
  }
}
