import { OperationError, type DataOf, type Event, type State } from '@stoa/contract-kit';
import { isLonger, MAX_RECORD_BYTES, sizeOf, type Headers, type OutgoingRecord } from '@stoa/kafka';
import type { Sql } from '@stoa/postgres';
import { statesTopic } from '../protocol/topics.js';

/** A row of the outbox as a command writes it; `topic` is without the deployment's prefix. */
export interface OutboxRow {
  readonly topic: string;
  readonly key: string;
  readonly version: number;
  /** JSON text. */
  readonly headers: string;
  readonly body: string | null;
}

/** Consumers keep keys in indexes, of which Postgres takes entries up to 2,704 bytes. */
export const MAX_KEY_BYTES = 2_000;

/** The topic of an event or state, without the deployment's prefix. */
export function topicOf(message: Event | State): string {
  if (message.kind === 'event') return `${message.service}.events`;
  return statesTopic(message.service, message.topic);
}

/**
 * The headers of a message that its data don't hold: its id, the same for every retry of its publisher, and its trace.
 */
export interface MessageOrigin {
  readonly id: string;
  readonly traceparent: string | undefined;
}

function headersOf(message: Event | State, { id, traceparent }: MessageOrigin): string {
  return JSON.stringify({ id, type: message.name, v: String(message.since ?? 1), ...(traceparent && { traceparent }) });
}

function checkVersion(message: Event | State, version: number): void {
  if (Number.isSafeInteger(version) && version > 0) return;
  throw new Error(`${message.service}.${message.name}: the version must be a positive integer, not ${version}`);
}

/** The record that the relay sends for a row, without its topic. */
export const recordOf = (
  { key, version, body }: { readonly key: string; readonly version: number | string; readonly body: string | null },
  headers: Headers,
): Pick<OutgoingRecord, 'key' | 'value' | 'headers'> => ({
  key,
  value: body,
  headers: { ...headers, version: String(version) },
});

/** Refuses a row that is too large for a record: it would stop the relay for good. @throws OperationError */
function checkSize(message: Event | State, row: OutboxRow): OutboxRow {
  const name = `${message.service}.${message.name}`;
  if (isLonger(row.key, MAX_KEY_BYTES)) {
    throw new OperationError(
      'PAYLOAD_TOO_LARGE',
      `The ${message.key} of ${name} is longer than ${MAX_KEY_BYTES} bytes`,
    );
  }
  if (row.body === null || row.body.length < MAX_RECORD_BYTES / 4) return row;
  const bytes = sizeOf(recordOf(row, JSON.parse(row.headers) as Headers));
  if (bytes <= MAX_RECORD_BYTES) return row;
  throw new OperationError(
    'PAYLOAD_TOO_LARGE',
    `${name} of ${row.key} would take ${bytes} bytes, which is larger than the ${MAX_RECORD_BYTES} that a record may have`,
  );
}

/**
 * The row of an event or state. Its data is always checked against the contract: a message on a topic stays there, and
 * one that no consumer can read ends among everybody's dead letters (checking costs 3 µs for an event of five lines).
 * @throws Error when the data breaks the contract; OperationError PAYLOAD_TOO_LARGE, which refuses the publishing
 * command
 */
export function messageRow<F extends Event | State>(
  message: F,
  version: number,
  data: DataOf<F>,
  origin: MessageOrigin,
): OutboxRow {
  checkVersion(message, version);
  const checked = message.data.safeParse(data);
  if (!checked.success) {
    throw new Error(`${message.service}.${message.name} was to be published with data that break its contract`, {
      cause: checked.error,
    });
  }
  const body = JSON.stringify(data);
  const key = String((data as Record<string, unknown>)[message.key]);
  return checkSize(message, { topic: topicOf(message), key, version, headers: headersOf(message, origin), body });
}

/** The row that retracts a key's state: it is gone. @throws OperationError PAYLOAD_TOO_LARGE for a long key */
export function retractionRow(message: State, version: number, key: string, origin: MessageOrigin): OutboxRow {
  checkVersion(message, version);
  return checkSize(message, { topic: topicOf(message), key, version, headers: headersOf(message, origin), body: null });
}

const COLUMNS = 'INSERT INTO outbox (bucket, topic, key, version, headers, body)';
// The identity counts in the order of `n`.
const SELECT_MANY = `SELECT $1::smallint, r.topic, r.key, r.version, r.headers, r.body
  FROM unnest($2::text[], $3::text[], $4::bigint[], $5::jsonb[], $6::text[]) WITH ORDINALITY
    AS r(topic, key, version, headers, body, n)
  ORDER BY r.n`;

/** The statement that inserts rows, with its values. `$1` is the bucket, the rows' values begin at `$2`. */
export function outboxInsert(rows: readonly OutboxRow[]): { text: string; values: unknown[] } {
  const [first] = rows;
  if (first && rows.length === 1) {
    const { topic, key, version, headers, body } = first;
    return { text: `${COLUMNS} VALUES ($1, $2, $3, $4, $5, $6)`, values: [topic, key, version, headers, body] };
  }
  const column = <Name extends keyof OutboxRow>(name: Name): OutboxRow[Name][] => rows.map((row) => row[name]);
  return {
    text: `${COLUMNS} ${SELECT_MANY}`,
    values: [column('topic'), column('key'), column('version'), column('headers'), column('body')],
  };
}

const INSERT_ALL = `${COLUMNS} SELECT bucket, topic, key, version, headers::jsonb, body
  FROM ROWS FROM (json_to_recordset($1)
    AS (bucket smallint, topic text, key text, version bigint, headers text, body text)) WITH ORDINALITY
    AS r(bucket, topic, key, version, headers, body, n)
  ORDER BY n`;

/** Writes rows of several buckets in this transaction, in their order. */
export async function writeOutboxOf(
  tx: Sql,
  rows: readonly (OutboxRow & { readonly bucket: number })[],
): Promise<void> {
  if (rows.length > 0) await tx.query(INSERT_ALL, [JSON.stringify(rows)]);
}

/** Writes rows in this transaction. */
export async function writeOutbox(tx: Sql, bucket: number, rows: readonly OutboxRow[]): Promise<void> {
  if (rows.length === 0) return;
  const { text, values } = outboxInsert(rows);
  await tx.query(text, [bucket, ...values]);
}

/**
 * Returns true while more than `most` rows of a database's outbox wait for the relay: reads `most + 1` rows at most.
 */
export async function isOutboxLong(tx: Sql, most: number): Promise<boolean> {
  const text = 'SELECT count(*)::int AS waiting FROM (SELECT FROM outbox LIMIT $1) AS o';
  const { rows } = await tx.query<{ waiting: number }>(text, [most + 1]);
  return (rows[0]?.waiting ?? 0) > most;
}
