import { Producer } from '@stoa/kafka/client';
import { Partitioner } from '../port/partitioner.js';
import { FencedError, type OutgoingRecord, type Transaction, type TransactionalProducer } from '../port/port.js';
import { batchesOf } from '../port/record-size.js';
import { kafkaError } from './errors.js';
import { lenient } from './lenient.js';
import type { LibraryTransaction } from './library-types.js';
import { toMessage } from './records.js';
import { transactionBackoff, type baseSettings } from './settings.js';

// The library asks for producer id 0 by default; -1 is Kafka's "give me one".
const ANY_PRODUCER = { producerId: -1n, producerEpoch: -1 };

// The broker aborts a transaction that stays open for longer: its frozen owner would hold back readers of committed
// records.
const TRANSACTION_TIMEOUT_MS = 10_000;

export class PlatformaticTransactions implements TransactionalProducer {
  private readonly producer: Producer;
  private readonly partitioner = new Partitioner();
  private fenced: FencedError | undefined;

  constructor(settings: ReturnType<typeof baseSettings>, transactionalId: string) {
    this.producer = lenient(
      new Producer({
        ...settings,
        idempotent: true,
        transactionalId,
        timeout: TRANSACTION_TIMEOUT_MS,
        retries: 60,
        retryDelay: (_client, _operation, attempt) => transactionBackoff(attempt),
      }),
    );
  }

  /** Registers at the broker, which fences all earlier producers of the id. */
  async register(): Promise<void> {
    const transaction = await this.guarded(() => this.producer.beginTransaction(ANY_PRODUCER));
    await this.guarded(() => transaction.cancel()); // nothing was sent: only the library knows of it
  }

  async begin(): Promise<Transaction> {
    if (this.fenced) throw this.fenced;
    const transaction = await this.guarded(() => this.producer.beginTransaction(ANY_PRODUCER));
    let isUsed = false;
    return {
      send: async (records: readonly OutgoingRecord[]) => {
        if (records.length === 0) return;
        isUsed = true;
        for (const batch of batchesOf(records)) {
          const messages = batch.map((record) => toMessage(record, this.partitioner));
          await this.guarded(() => transaction.send({ messages }));
        }
      },
      commit: () => this.guarded(() => (isUsed ? transaction.commit() : transaction.cancel())),
      abort: () => this.guarded(() => this.abort(transaction, isUsed)),
    };
  }

  private abort(transaction: LibraryTransaction, isUsed: boolean): Promise<void> {
    // Of a fenced transaction nothing is left to abort.
    return isUsed && !this.fenced ? transaction.abort() : transaction.cancel();
  }

  private async guarded<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      const translated = kafkaError(error);
      if (translated instanceof FencedError) this.fenced = translated;
      throw translated;
    }
  }

  async close(): Promise<void> {
    await this.producer.close(true);
  }
}
