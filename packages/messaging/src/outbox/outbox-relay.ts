import {
  FencedError,
  type Headers,
  KafkaError,
  type KafkaPort,
  type Logger,
  type TransactionalProducer,
} from '@stoa/kafka';
import type { Sql } from '@stoa/postgres';
import { pause } from '@stoa/timing';
import { recordOf } from './outbox.js';
import { Signal } from './signal.js';

export interface OutboxRelayOptions {
  readonly port: KafkaPort;
  readonly topicPrefix: string;
  /** Names the database in the transactional id: `cart@shard2`. */
  readonly server: string;
  readonly logger: Logger;
  /**
   * Called after each poll of the outbox: how many records were sent, and the age of the oldest row in ms (0: it is
   * empty).
   */
  readonly onRelayed?: (records: number, lagMs: number) => void;
  /** Rows of one Kafka transaction at most; 1,000 if not given. */
  readonly batchSize?: number;
  /** Milliseconds from one Kafka transaction to the next while there is little to send; 100 if not given. */
  readonly intervalMs?: number;
  /** Milliseconds between two polls of an empty outbox; 100 if not given. */
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
  /** How many rows there were, at most `batchSize`, before some were left out for their bytes. */
  readonly found: number;
}

// Rows up to a sum of bytes: a queue of large ones must not fill the memory. octet_length knows the length of a large
// body without reading it, and the bodies of rows that are left out are not read either.
const READ = `SELECT id, topic, key, version, headers, body, found,
    (extract(epoch FROM clock_timestamp() - created_at) * 1000)::float8 AS age_ms
  FROM (
    SELECT *, count(*) OVER ()::float8 AS found, coalesce(sum(octet_length(body)) OVER those_before, 0) AS bytes_before
    FROM (SELECT * FROM outbox ORDER BY id LIMIT $1) AS oldest
    WINDOW those_before AS (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
  ) AS counted WHERE bytes_before < $2 ORDER BY id`;
const DELETE = 'DELETE FROM outbox WHERE id = ANY($1::bigint[])';

/** Bytes of bodies after which a read ends. */
const READ_BYTES = 8_000_000;
/** An empty outbox is not polled more often than this, however often somebody notifies. */
const EMPTY_MS = 10;
/** A row is neither left out nor overtaken, so only an operator gets the outbox over this. */
const TOO_LARGE = 'the outbox waits until max.message.bytes of its topic is 1 MiB (1048588)';
const FLUSH_MS = 1_000;
const RETRY_MS = 250;

/**
 * OutboxRelay exists to publish what commands have committed; it works by sending the outbox's rows to Kafka in the
 * order of their ids, each batch in a Kafka transaction, and deleting them once it is committed.
 *
 * One leader per database runs it. The broker refuses a leader that froze and resumes when another leads, because both
 * use the same transactional id. A crash between commit and delete sends rows again: consumers ignore versions that are
 * not newer.
 *
 * Transactions are spaced out: one costs the broker and this process some 5 ms of CPU however little is in it (measured
 * on a busy 2-core machine), so sending each command's event at once would cost more than the command.
 */
export class OutboxRelay {
  private readonly rowsWritten = new Signal();
  private readonly spacing = new Signal();
  private flushUntil = 0;

  constructor(private readonly options: OutboxRelayOptions) {}

  /** Rows were written to the outbox: don't wait for the next poll. */
  notify(): void {
    this.rowsWritten.notify();
  }

  /** Empties the outbox without pauses between transactions for the next second: somebody waits for that. */
  flush(): void {
    this.flushUntil = performance.now() + FLUSH_MS;
    this.spacing.notify();
    this.rowsWritten.notify();
  }

  /**
   * Relays until `signal` is aborted, and finishes the batch in work.
   * @param sql the session that holds the leader's lock: without the lock, nothing can be deleted any more
   * @throws FencedError when another leads; what the session throws
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
        // Whether the last transaction was committed is unknown: a new producer ends it, and the rows are sent again.
        if (error.code === 'RECORD_TOO_LARGE') logger.error({ err: error, server }, TOO_LARGE);
        else logger.warn({ err: error, server }, 'the outbox waits for Kafka');
        await pause(RETRY_MS, signal);
      } finally {
        await producer?.close().catch(() => undefined);
      }
    }
  }

  private async relay(producer: TransactionalProducer, sql: Sql, signal: AbortSignal): Promise<void> {
    const { idleMs = 100, intervalMs = 100, batchSize = 1_000, onRelayed } = this.options;
    while (!signal.aborted) {
      const started = performance.now();
      const { rows } = await sql.query<Row>(READ, [batchSize, READ_BYTES]);
      if (rows.length > 0) await this.publish(producer, rows);
      if (rows.length > 0) await sql.query(DELETE, [rows.map(({ id }) => id)]);
      onRelayed?.(rows.length, rows[0]?.age_ms ?? 0);
      const found = rows[0]?.found ?? 0;
      if (found === batchSize || found > rows.length) continue;
      if (rows.length === 0) await this.rowsWritten.wait(idleMs, signal);
      const isFlushing = performance.now() < this.flushUntil;
      const pauseMs = (rows.length === 0 || isFlushing ? EMPTY_MS : intervalMs) - (performance.now() - started);
      if (pauseMs > 0) await this.spacing.wait(pauseMs, signal);
    }
  }

  private async publish(producer: TransactionalProducer, rows: readonly Row[]): Promise<void> {
    const { topicPrefix } = this.options;
    const transaction = await producer.begin();
    try {
      await transaction.send(rows.map((row) => ({ topic: topicPrefix + row.topic, ...recordOf(row, row.headers) })));
    } catch (error) {
      await transaction.abort().catch(() => undefined);
      throw error;
    }
    await transaction.commit();
  }
}
