import type { Sql } from '@stoa/postgres';
import type { EventKey } from '../parked-events/parked-events.js';

/** How an event's version and key compare with those handled and parked before. */
export type Admission = 'new' | 'duplicate' | 'parked';

// One statement, because each event begins with it: takes the version unless it is known, or events of the key are
// parked.
const ADMIT = `WITH parked AS MATERIALIZED (
    SELECT EXISTS (SELECT FROM parked_events WHERE bucket = $1 AND topic = $2 AND key = $4) AS yes
  ), taken AS (
    INSERT INTO event_versions AS known (bucket, topic, type, key, version)
    SELECT $1::smallint, $2, $3, $4, $5::bigint FROM parked WHERE NOT yes
    ON CONFLICT (bucket, topic, type, key) DO UPDATE SET version = excluded.version, updated_at = now()
      WHERE known.version < excluded.version
    RETURNING 1
  )
  SELECT CASE WHEN yes THEN 'parked' WHEN EXISTS (SELECT FROM taken) THEN 'new' ELSE 'duplicate' END AS admission
  FROM parked`;

/** Takes the version of an event. The key's row is locked until the transaction ends. */
export async function admit(
  tx: Sql,
  { bucket, topic, key }: EventKey,
  type: string,
  version: number,
): Promise<Admission> {
  const { rows } = await tx.query<{ admission: Admission }>(ADMIT, [bucket, topic, type, key, version]);
  return rows[0]!.admission;
}

const TAKE = `INSERT INTO event_versions AS known (bucket, topic, type, key, version)
  VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (bucket, topic, type, key) DO UPDATE SET version = excluded.version, updated_at = now()
    WHERE known.version < excluded.version
  RETURNING 1`;

/** The same, whatever is parked. @returns false if the version is not newer than the one handled last */
export async function takeVersion(
  tx: Sql,
  { bucket, topic, key }: EventKey,
  type: string,
  version: number,
): Promise<boolean> {
  const { rows } = await tx.query(TAKE, [bucket, topic, type, key, version]);
  return rows.length > 0;
}
