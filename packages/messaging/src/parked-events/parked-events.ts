import type { Sql } from '@stoa/postgres';
import { isLonger, type Headers, type KafkaRecord } from '@stoa/kafka';
import { MAX_KEY_BYTES } from '../outbox/outbox.js';
import { DEAD_LETTER_HEADERS } from '../protocol/dead-letter.js';
import { versionOf } from '../subscriptions/event-record.js';

/** Identifies a parked event: a bucket, and the id within it. */
export interface ParkedAt {
  readonly bucket: number;
  readonly id: string;
}

/** A parked event. */
export interface ParkedEvent extends ParkedAt {
  /** Without the deployment's prefix. */
  readonly topic: string;
  readonly partition: number;
  /**
   * Grows with the events of a key. It is the record's, unless the topic was made anew while events of the key were
   * parked.
   */
  readonly offset: number;
  readonly type: string;
  readonly key: string;
  readonly version: number | null;
  readonly headers: Headers;
  readonly body: Buffer | null;
  /** Null: it only waits behind another one of its key. */
  readonly reason: string | null;
  readonly attempts: number;
  readonly parkedAt: Date;
}

/** The sequence of events that are handled in order. */
export interface EventKey {
  readonly bucket: number;
  readonly topic: string;
  readonly key: string;
}

/** bigint comes as text from pg and as bigint from others. */
type Big = string | number | bigint;

interface Row extends Omit<ParkedEvent, 'partition' | 'offset' | 'version' | 'body' | 'parkedAt' | 'id'> {
  readonly id: Big;
  readonly kafka_partition: number;
  readonly kafka_offset: Big;
  readonly version: Big | null;
  readonly body: Uint8Array | null;
  readonly parked_at: Date;
}

const eventOf = ({ id, kafka_partition, kafka_offset, version, body, parked_at, ...row }: Row): ParkedEvent => ({
  ...row,
  id: String(id),
  partition: kafka_partition,
  offset: Number(kafka_offset),
  version: version === null ? null : Number(version),
  body: body && Buffer.from(body),
  parkedAt: parked_at,
});

// The row of the same record: by the event's id, where it has one. Its offset alone may be another's, of a topic that
// was made anew and counts from 0 again.
const THIS_ONE = `bucket = $1 AND topic = $2 AND key = $6 AND CASE WHEN $8::text = ''
      THEN kafka_partition = $3 AND kafka_offset = $4
      ELSE type = $5 AND headers->>'id' = $8 END`;
const IS_PARKED = `EXISTS (SELECT FROM parked_events WHERE ${THIS_ONE})`;
// A former owner of the Kafka partition, slow to notice, must not park an event that its successor has handled.
const IS_HANDLED = `EXISTS (SELECT FROM event_versions
    WHERE bucket = $1 AND topic = $2 AND type = $5 AND key = $6 AND version >= $7::bigint)`;
// No dead letter is written of a row that waits behind another one.
const KNOWN = `SELECT CASE WHEN headers ->> '${DEAD_LETTER_HEADERS.by}' IS NULL THEN reason END AS owed
    FROM parked_events WHERE ${THIS_ONE}
  UNION ALL SELECT NULL WHERE ${IS_HANDLED}`;

// The offset under which an event is parked: its own, or one above those of its key that are parked already. A key's
// events are replayed in the order of their offsets, and those of a former topic of the name say nothing. Other keys'
// events may have taken offsets in this way: `$13` is how many of them this one passes over.
const PARKED_OFFSET = `greatest($4::bigint, (SELECT max(kafka_offset) + 1 FROM parked_events
    WHERE bucket = $1 AND topic = $2 AND key = $6))`;
const PARK = `INSERT INTO parked_events
    (bucket, topic, kafka_partition, kafka_offset, type, key, version, headers, body, reason, attempts)
  SELECT $1::smallint, $2, $3::int, ${PARKED_OFFSET} + $13::int, $5, $6, $7::bigint, $9, $10, $11, $12
  WHERE NOT ${IS_HANDLED} AND NOT ${IS_PARKED}
  ON CONFLICT DO NOTHING RETURNING id`;
const IS_TAKEN = `SELECT 1 AS taken FROM parked_events
  WHERE topic = $2 AND kafka_partition = $3 AND kafka_offset = ${PARKED_OFFSET} + $5::int`;

const eventIdOf = (headers: Headers): string => (headers['id'] ?? '').replaceAll('\0', '\ufffd');

/**
 * False for a key that neither text nor an index of Postgres takes: no event of it was ever handled, none is behind it.
 */
const canBeKept = (key: string): boolean => !key.includes('\0') && !isLonger(key, MAX_KEY_BYTES);

/**
 * Parks a record; one that is parked already stays as it is. A record whose key cannot be kept is not parked: its dead
 * letter is all that is left of it, and of the next ones of its key. An offset may be taken by an event that came with
 * its bucket from another shard, which counts by itself: then the next one is tried.
 * @param reason null: it only waits behind another one of its key
 * @returns the reason that a dead letter must be written with; undefined when none must, or it was written before
 */
export async function park(
  tx: Sql,
  { bucket, topic, key }: EventKey,
  record: KafkaRecord,
  reason: string | null,
  attempts: number,
): Promise<string | undefined> {
  if (!canBeKept(key)) return reason ?? undefined;
  const { partition, offset, headers, value } = record;
  // jsonb and text can't hold U+0000, which a record's header can.
  const json = JSON.stringify(headers).replaceAll('\\u0000', '\\ufffd');
  const type = headers['type'] ?? '';
  const version = versionOf(record);
  const why = reason?.replaceAll('\0', '\ufffd') ?? null;
  const identity = [bucket, topic, partition, offset, type, key, version, eventIdOf(headers)];
  for (let passed = 0; ;) {
    const parked = await tx.query(PARK, [...identity, json, value, why, attempts, passed]);
    if (parked.rows.length > 0) return reason ?? undefined;
    const [known] = (await tx.query<{ owed: string | null }>(KNOWN, identity)).rows;
    if (known) return known.owed ?? undefined;
    const taken = await tx.query(IS_TAKEN, [bucket, topic, partition, offset, passed, key]);
    if (taken.rows.length > 0) passed++;
  }
}

const NOTE_DEAD_LETTER = `UPDATE parked_events
  SET headers = headers || jsonb_build_object('${DEAD_LETTER_HEADERS.by}', $7::text)
  WHERE ${THIS_ONE}`;

/**
 * Notes that the event's dead letter is written: its row gets the header of the clone that did, as the dead letter has.
 */
export async function noteDeadLetter(
  tx: Sql,
  { bucket, topic, key }: EventKey,
  { partition, offset, headers }: KafkaRecord,
  clone: string,
): Promise<void> {
  if (!canBeKept(key)) return;
  const values = [bucket, topic, partition, offset, headers['type'] ?? '', key, clone, eventIdOf(headers)];
  await tx.query(NOTE_DEAD_LETTER, values);
}

const OF_KEY = 'WHERE bucket = $1 AND topic = $2 AND key = $3';

/**
 * True while events of the key are parked. Their first row stays locked until the transaction ends: a replay can't
 * delete the last one while another is about to be parked behind it.
 */
export async function lockParked(tx: Sql, { bucket, topic, key }: EventKey): Promise<boolean> {
  const { rows } = await tx.query(`SELECT id FROM parked_events ${OF_KEY} ORDER BY id FOR UPDATE`, [
    bucket,
    topic,
    key,
  ]);
  return rows.length > 0;
}

const FIRST = `SELECT * FROM parked_events ${OF_KEY} ORDER BY kafka_offset LIMIT 1`;

/**
 * The key's first parked event, by offset; undefined when none is left. A key's events are of one Kafka partition.
 * Their ids say nothing of their order where a move brought some of them from another shard.
 */
export async function firstParked(tx: Sql, { bucket, topic, key }: EventKey): Promise<ParkedEvent | undefined> {
  const { rows } = await tx.query<Row>(FIRST, [bucket, topic, key]);
  return rows[0] && eventOf(rows[0]);
}

/** The same, locked. */
export async function lockFirstParked(tx: Sql, { bucket, topic, key }: EventKey): Promise<ParkedEvent | undefined> {
  const { rows } = await tx.query<Row>(`${FIRST} FOR UPDATE`, [bucket, topic, key]);
  return rows[0] && eventOf(rows[0]);
}

/** One parked event, locked; undefined when it is not parked (any more). */
export async function lockOneParked(tx: Sql, { bucket, id }: ParkedAt): Promise<ParkedEvent | undefined> {
  const { rows } = await tx.query<Row>('SELECT * FROM parked_events WHERE bucket = $1 AND id = $2 FOR UPDATE', [
    bucket,
    id,
  ]);
  return rows[0] && eventOf(rows[0]);
}

/** One parked event; undefined when it is not parked (any more). */
export async function findParked(tx: Sql, { bucket, id }: ParkedAt): Promise<ParkedEvent | undefined> {
  const { rows } = await tx.query<Row>('SELECT * FROM parked_events WHERE bucket = $1 AND id = $2', [bucket, id]);
  return rows[0] && eventOf(rows[0]);
}

/** The topics of which events of the key are parked. */
export async function topicsParked(tx: Sql, bucket: number, key: string): Promise<string[]> {
  const { rows } = await tx.query<{ topic: string }>(
    'SELECT DISTINCT topic FROM parked_events WHERE bucket = $1 AND key = $2 ORDER BY topic',
    [bucket, key],
  );
  return rows.map(({ topic }) => topic);
}

const LIST = `SELECT bucket, id, topic, kafka_partition, kafka_offset, type, key, version,
    left(reason, 1000) AS reason, attempts, parked_at, '{}'::jsonb AS headers, NULL::bytea AS body
  FROM parked_events WHERE (bucket, id) > ($1, $2) ORDER BY bucket, id LIMIT $3`;

/**
 * Lists parked events behind one of them, in the order of bucket and id. Their headers and bodies are left out, of
 * which a thousand would not fit into memory (findParked has them).
 */
export async function listParked(tx: Sql, { bucket, id }: ParkedAt, limit: number): Promise<ParkedEvent[]> {
  const { rows } = await tx.query<Row>(LIST, [bucket, id, limit]);
  return rows.map(eventOf);
}

/** Deletes a parked event. */
export async function unpark(tx: Sql, { bucket, id }: ParkedAt): Promise<void> {
  await tx.query('DELETE FROM parked_events WHERE bucket = $1 AND id = $2', [bucket, id]);
}

/** Notes that a replay of the event failed. */
export async function noteFailure(tx: Sql, { bucket, id }: ParkedAt, reason: string): Promise<void> {
  await tx.query('UPDATE parked_events SET reason = $3, attempts = attempts + 1 WHERE bucket = $1 AND id = $2', [
    bucket,
    id,
    reason.replaceAll('\0', '\ufffd'),
  ]);
}
