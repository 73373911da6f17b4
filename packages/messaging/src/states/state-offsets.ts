import type { State } from '@stoa/contract-kit';
import type { Sql } from '@stoa/postgres';
import { topicOf } from '../outbox/outbox.js';

/**
 * The name under which a copy of one type of states keeps its offsets: `catalog.states#variant`, which no topic can be
 * called. Each type has its own: a type that is new here is copied from the beginning of a topic that was followed for
 * others, and a clone that does not know it can't move its offsets.
 */
export const copyOf = (state: State): string => `${topicOf(state)}#${state.name}`;

/** The topic of a copy's states, without the deployment's prefix. */
export const topicOfCopy = (copy: string): string => copy.split('#', 1)[0] ?? copy;

/** A Kafka partition of a topic (without the deployment's prefix), and how far its copy is. */
export interface StateOffset {
  /** In the database, the name of a copy (copyOf). */
  readonly topic: string;
  readonly partition: number;
  /** The next offset to apply. */
  readonly next: number;
}

/** A step of the copy: from the offset where it is believed to be to `next`. */
export interface Advance extends StateOffset {
  readonly expected: number;
}

/** Another leader goes on with this copy: the one that gets this error leads no more. */
export class CopyTakenOver extends Error {
  constructor() {
    super('Another leader goes on with the copy of states');
  }
}

const ENSURE = `INSERT INTO state_offsets (topic, kafka_partition, next_offset)
  SELECT $1, n, 0 FROM generate_series(0, $2::int - 1) AS n ON CONFLICT DO NOTHING`;
const READ = `SELECT topic, kafka_partition AS partition, next_offset::float8 AS next FROM state_offsets
  WHERE topic = ANY($1::text[])`;
const ADVANCE = `UPDATE state_offsets AS s SET next_offset = n.next, updated_at = now()
  FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[]) AS n(topic, kafka_partition, expected, next)
  WHERE s.topic = n.topic AND s.kafka_partition = n.kafka_partition AND s.next_offset = n.expected`;

// A day less than Kafka keeps tombstones.
const FOLLOWED = `updated_at >= now() - interval '6 days'`;
const READ_FOLLOWED = `${READ} AND ${FOLLOWED}`;
const READ_TOPICS = `SELECT topic, kafka_partition AS partition, next_offset::float8 AS next FROM state_offsets
  WHERE split_part(topic, '#', 2) <> '' AND split_part(topic, '#', 1) = ANY($1::text[]) AND ${FOLLOWED}`;
const IS_ABANDONED = `SELECT EXISTS (SELECT FROM state_offsets WHERE topic = $1 AND NOT ${FOLLOWED}) AS abandoned`;
const HOLD = 'SELECT FROM state_offsets WHERE topic = $1 ORDER BY kafka_partition FOR UPDATE';
const RESTART = 'UPDATE state_offsets SET next_offset = 0, updated_at = now() WHERE topic = $1';
const TOUCH = 'UPDATE state_offsets SET updated_at = now() WHERE topic = $1';

/** Makes sure that each Kafka partition of a topic has a row: a new one starts from nothing. */
export async function ensureOffsets(tx: Sql, topic: string, partitions: number): Promise<void> {
  await tx.query(ENSURE, [topic, partitions]);
}

/** Reads the offsets of copies. */
export async function readOffsets(tx: Sql, topics: readonly string[]): Promise<StateOffset[]> {
  return (await tx.query<StateOffset>(READ, [topics])).rows;
}

/** Reads the offsets of copies, but not of those that are about to begin anew. */
export async function readFollowed(tx: Sql, copies: readonly string[]): Promise<StateOffset[]> {
  return (await tx.query<StateOffset>(READ_FOLLOWED, [copies])).rows;
}

/** The same for all copies of some topics' states. */
export async function readFollowedOf(tx: Sql, topics: readonly string[]): Promise<StateOffset[]> {
  return (await tx.query<StateOffset>(READ_TOPICS, [topics])).rows;
}

/**
 * Notes that a copy is followed; to be done every few seconds, because moveHooks takes one without it for abandoned.
 */
export async function touchOffsets(tx: Sql, copy: string): Promise<void> {
  await tx.query(TOUCH, [copy]);
}

/**
 * True when nobody followed a copy for almost as long as Kafka keeps the tombstones of keys that are gone (seven days):
 * it may have missed some of them.
 */
export async function isAbandoned(tx: Sql, copy: string): Promise<boolean> {
  return (await tx.query<{ abandoned: boolean }>(IS_ABANDONED, [copy])).rows[0]?.abandoned === true;
}

/**
 * Locks a copy that is being cleared until the transaction ends.
 * @throws CopyTakenOver when another leader has begun it anew: none of its present rows may be cleared
 */
export async function holdAbandoned(tx: Sql, copy: string): Promise<void> {
  await tx.query(HOLD, [copy]);
  if (!(await isAbandoned(tx, copy))) throw new CopyTakenOver();
}

/** Begins a copy anew. */
export async function restartOffsets(tx: Sql, copy: string): Promise<void> {
  await tx.query(RESTART, [copy]);
}

/**
 * Moves a copy's offsets, in the first statement of each step: it locks the rows that another leader would need.
 * @throws CopyTakenOver when one of them is not where this leader left it
 */
export async function advance(tx: Sql, steps: readonly Advance[]): Promise<void> {
  const column = <Name extends keyof Advance>(name: Name): Advance[Name][] => steps.map((step) => step[name]);
  const { rowCount } = await tx.query(ADVANCE, [
    column('topic'),
    column('partition'),
    column('expected'),
    column('next'),
  ]);
  if (rowCount !== steps.length) throw new CopyTakenOver();
}
