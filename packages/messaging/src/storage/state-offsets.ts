import type { Sql } from '../types.js';

/** A Kafka partition of a topic (without the deployment's prefix), and where its copy has come. */
export interface StateOffset {
  readonly topic: string;
  readonly partition: number;
  /** The next offset to apply. */
  readonly next: number;
}

/** A step of the copy: from where it was believed to be to where it is then. */
export interface Advance extends StateOffset {
  readonly expected: number;
}

/** Somebody else has gone on with this copy: whoever reads this is a former leader. */
export class CopyTakenOver extends Error {
  constructor() {
    super('Another leader has gone on with the copy of states');
  }
}

const ENSURE = `INSERT INTO state_offsets (topic, kafka_partition, next_offset)
  SELECT $1, n, 0 FROM generate_series(0, $2::int - 1) AS n ON CONFLICT DO NOTHING`;
const READ = `SELECT topic, kafka_partition AS partition, next_offset::float8 AS next FROM state_offsets
  WHERE topic = ANY($1::text[])`;
const ADVANCE = `UPDATE state_offsets AS s SET next_offset = n.next, updated_at = now()
  FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[]) AS n(topic, kafka_partition, expected, next)
  WHERE s.topic = n.topic AND s.kafka_partition = n.kafka_partition AND s.next_offset = n.expected`;

/** Makes sure that each Kafka partition of a topic has a row: one that is new starts from nothing. */
export async function ensureOffsets(tx: Sql, topic: string, partitions: number): Promise<void> {
  await tx.query(ENSURE, [topic, partitions]);
}

export async function readOffsets(tx: Sql, topics: readonly string[]): Promise<StateOffset[]> {
  return (await tx.query<StateOffset>(READ, [topics])).rows;
}

/**
 * The first statement of each step: it locks the rows that a rival would need.
 * @throws CopyTakenOver when one of them is not where it was left
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
