import {
  FencedError,
  KafkaError,
  type Headers,
  type KafkaPort,
  type OutgoingRecord,
  type TransactionalProducer,
} from '../kafka/port.js';
import type { Logger } from '../options.js';
import type { Sql } from '../types.js';
import { Wake } from './wake.js';

export interface OutboxRelayOptions {
  readonly port: KafkaPort;
  readonly topicPrefix: string;
  /** Names the database in the transactional id: `cart@shard2`. */
  readonly server: string;
  readonly logger: Logger;
  /** After each look at the outbox: how many records went out, and the age of the oldest row in ms (0: it is empty). */
  readonly onRelayed?: (records: number, lagMs: number) => void;
  /** Rows of one Kafka transaction at most; 1,000 if not given. */
  readonly batchSize?: number;
  /** Milliseconds from one Kafka transaction to the next while there is little to send; 100 if not given. */
  readonly intervalMs?: number;
  /** Milliseconds between two looks at an empty outbox; 100 if not given. */
  readonly idleMs?: number;
}

interface Row {
  readonly id: string;
  readonly topic: string;
  readonly key: string;
  readonly version: string;
  readonly headers: Headers;
  readonly body: string | null;
  readonly age_ms: number;
}

const READ = `SELECT id, topic, key, version, headers, body,
    (extract(epoch FROM clock_timestamp() - created_at) * 1000)::float8 AS age_ms
  FROM outbox ORDER BY id LIMIT $1`;
const DELETE = 'DELETE FROM outbox WHERE id = ANY($1::bigint[])';

/** A broker takes batches of up to 1 MiB for one Kafka partition; what is sent at once may all go to the same. */
const SEND_BYTES = 700_000;
/** Bodies of one read, so that a queue of large rows does not fill the memory. */
const READ_BYTES = 8_000_000;
const FIRST_READ = 100;
/** An empty outbox is not looked at more often than this, however often somebody kicks. */
const EMPTY_MS = 10;
const HURRY_MS = 1_000;
const RETRY_MS = 250;

/**
 * Moves the outbox's rows to Kafka in the order of their ids, each batch in a Kafka transaction, and deletes them once it is
 * committed. Run by one leader per database. A leader that froze and wakes up when another leads is refused by the broker,
 * because both use the same transactional id. A crash between commit and delete sends rows again: consumers ignore
 * versions that are not newer.
 *
 * Transactions are spaced out: one costs the broker and this process some 5 ms of CPU however little is in it (measured on a
 * busy 2-core machine), so sending each command's event at once would cost more than the command.
 */
export class OutboxRelay {
  private readonly wake = new Wake();
  private readonly spacing = new Wake();
  private hurryUntil = 0;
  private limit = FIRST_READ;

  constructor(private readonly options: OutboxRelayOptions) {}

  /** There is something in the outbox: don't wait for the next look. */
  kick(): void {
    this.wake.kick();
  }

  /** Somebody waits for the outbox to be empty: no pauses between transactions for the next second. */
  hurry(): void {
    this.hurryUntil = performance.now() + HURRY_MS;
    this.spacing.kick();
    this.wake.kick();
  }

  /**
   * Relays until `signal` is aborted; what was begun is finished.
   * @param sql the session that holds the leader's lock: without the lock, nothing can be deleted any more.
   * @throws FencedError when another leads; or what the session throws.
   */
  async run(sql: Sql, signal: AbortSignal): Promise<void> {
    const { port, topicPrefix, server, logger } = this.options;
    while (!signal.aborted) {
      let producer: TransactionalProducer | undefined;
      try {
        producer = await port.transactional(`${topicPrefix}relay.${server}`);
        await this.relay(producer, sql, signal);
      } catch (error) {
        if (!(error instanceof KafkaError) || error instanceof FencedError) throw error;
        // Whether the last transaction was committed is unknown. A new producer finishes or aborts it; the rows are sent again.
        logger.warn({ err: error, server }, 'The outbox waits for Kafka');
        await new Wake().wait(RETRY_MS, signal);
      } finally {
        await producer?.close().catch(() => undefined);
      }
    }
  }

  private async relay(producer: TransactionalProducer, sql: Sql, signal: AbortSignal): Promise<void> {
    const { idleMs = 100, intervalMs = 100, onRelayed } = this.options;
    while (!signal.aborted) {
      const started = performance.now();
      const asked = this.limit;
      const { rows } = await sql.query<Row>(READ, [asked]);
      if (rows.length > 0) await this.publish(producer, rows);
      if (rows.length > 0) await sql.query(DELETE, [rows.map(({ id }) => id)]);
      onRelayed?.(rows.length, rows[0]?.age_ms ?? 0);
      if (rows.length === asked) continue;
      if (rows.length === 0) await this.wake.wait(idleMs, signal);
      const isHurried = performance.now() < this.hurryUntil;
      const pause = (rows.length === 0 || isHurried ? EMPTY_MS : intervalMs) - (performance.now() - started);
      if (pause > 0) await this.spacing.wait(pause, signal);
    }
  }

  private async publish(producer: TransactionalProducer, rows: readonly Row[]): Promise<void> {
    const transaction = await producer.begin();
    try {
      for (const chunk of this.chunks(rows)) await transaction.send(chunk);
    } catch (error) {
      await transaction.abort().catch(() => undefined);
      throw error;
    }
    await transaction.commit();
  }

  private chunks(rows: readonly Row[]): OutgoingRecord[][] {
    const chunks: OutgoingRecord[][] = [];
    let [chunkBytes, allBytes] = [Infinity, 0];
    for (const row of rows) {
      const bytes = Buffer.byteLength(row.body ?? '') + row.key.length + 300;
      if (chunkBytes + bytes > SEND_BYTES) {
        chunks.push([]);
        chunkBytes = 0;
      }
      chunks.at(-1)?.push(this.recordOf(row));
      chunkBytes += bytes;
      allBytes += bytes;
    }
    const { batchSize = 1_000 } = this.options;
    this.limit = Math.max(1, Math.min(batchSize, Math.floor((READ_BYTES / allBytes) * rows.length)));
    return chunks;
  }

  private recordOf({ topic, key, version, headers, body }: Row): OutgoingRecord {
    return { topic: this.options.topicPrefix + topic, key, value: body, headers: { ...headers, version } };
  }
}
