import type { Database, Sql } from '@stoa/postgres';

/** The first offset, by Kafka partition, of a subscription that begins `now`. */
export type EventStarts = readonly number[];

// Rows of event_versions of bucket 0 are the same for all clones and shards, and move with the bucket. No event has
// such a type. `infinity`: they are kept for as long as the database, because a subscription begins once.
const typeOf = (event: string): string => `${event}@start`;

const RECORD = `INSERT INTO event_versions (bucket, topic, type, key, version, updated_at)
  SELECT 0, $1, $2, n - 1, start, 'infinity' FROM unnest($3::bigint[]) WITH ORDINALITY AS s(start, n)
  WHERE NOT EXISTS (SELECT FROM event_versions WHERE bucket = 0 AND topic = $1 AND type = $2)
  ON CONFLICT DO NOTHING`;
const READ = `SELECT version::float8 AS start FROM event_versions
  WHERE bucket = 0 AND topic = $1 AND type = $2 ORDER BY key::int`;

/** Reads where a subscription begins; undefined when nothing is recorded. */
export function readStarts(database: Database, topic: string, event: string): Promise<EventStarts | undefined> {
  return database.transaction(0, (tx) => read(tx, topic, event));
}

/** Records where a subscription begins, unless that is recorded already. @returns what is recorded */
export function recordStarts(
  database: Database,
  topic: string,
  event: string,
  starts: EventStarts,
): Promise<EventStarts> {
  return database.transaction(0, async (tx) => {
    await tx.query(RECORD, [topic, typeOf(event), starts]);
    return (await read(tx, topic, event)) ?? starts;
  });
}

async function read(tx: Sql, topic: string, event: string): Promise<EventStarts | undefined> {
  const { rows } = await tx.query<{ start: number }>(READ, [topic, typeOf(event)]);
  return rows.length > 0 ? rows.map(({ start }) => start) : undefined;
}
