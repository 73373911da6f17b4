import type { Logger } from '@stoa/kafka';
import type { Sql } from '@stoa/postgres';
import { pause } from '@stoa/timing';

/** Settings of the purge of one database. */
export interface PurgeOptions {
  readonly server: string;
  readonly logger: Logger;
  /** Hours that a command's reply is kept; 48 if not given. Must be longer than an Idempotency-Key is valid (24). */
  readonly inboxHours?: number;
  /**
   * Hours that the version of a key without new events is kept; 192 if not given, a day more than the events' topics.
   */
  readonly versionHours?: number;
  /** Milliseconds between two rounds; 600,000 if not given. */
  readonly everyMs?: number;
  /** Rows of one DELETE; 500 if not given. */
  readonly batchSize?: number;
}

const PAUSE_MS = 50;

/** A statement that deletes a batch of expired rows. $1: hours, $2: rows, $3: where the batch before ended. */
interface Purge {
  readonly text: string;
  /** The first batch's `$3`. */
  readonly from: string;
}

interface Batch {
  readonly found: number;
  /** Where the next batch begins; null when nothing was found. */
  readonly reached: string | null;
}

// Each batch goes on where the one before ended. What that one deleted is still in table and index as long as anybody
// holds an older snapshot (a report, a dump, a move's copy): from the beginning, each batch would wade through all of
// it. By row address: the rows are deleted where the scan found them, without looking each up again.
const purgeInbox = (where: string): Purge => ({
  from: '-infinity',
  text: `WITH expired AS MATERIALIZED (
      SELECT ctid, created_at FROM inbox
      WHERE created_at >= $3::timestamptz AND created_at < now() - make_interval(hours => $1)${where}
      ORDER BY created_at LIMIT $2
    ), purged AS (
      DELETE FROM inbox WHERE ctid = ANY (ARRAY(SELECT ctid FROM expired))
    )
    SELECT count(*)::int AS found, max(created_at)::text AS reached FROM expired`,
});
const purgeFlows = (where: string): Purge => ({
  from: '-infinity',
  text: `WITH expired AS MATERIALIZED (
      SELECT ctid, ended_at FROM flows
      WHERE ended_at >= $3::timestamptz AND ended_at < now() - make_interval(hours => $1)${where}
      ORDER BY ended_at LIMIT $2
    ), purged AS (
      DELETE FROM flows WHERE ctid = ANY (ARRAY(SELECT ctid FROM expired))
    )
    SELECT count(*)::int AS found, max(ended_at)::text AS reached FROM expired`,
});
// Reads the whole table once: an index on updated_at would cost every event more than this costs a few times an hour.
const purgeVersions = (where: string): Purge => ({
  from: '(0,0)',
  text: `WITH expired AS MATERIALIZED (
      SELECT ctid FROM event_versions
      WHERE ctid > $3::tid AND updated_at < now() - make_interval(hours => $1)${where} LIMIT $2
    ), purged AS (
      DELETE FROM event_versions WHERE ctid = ANY (ARRAY(SELECT ctid FROM expired))
    )
    SELECT count(*)::int AS found, max(ctid)::text AS reached FROM expired`,
});

/**
 * The condition for a shard's own rows, where data are sharded: its fence would refuse a whole batch for another's row.
 */
async function ownRows(sql: Sql): Promise<string> {
  const { rows } = await sql.query<{ sharded: boolean }>(
    `SELECT to_regclass('sharding.owned_buckets') IS NOT NULL AS sharded`,
  );
  return rows[0]?.sharded ? ' AND bucket IN (SELECT bucket FROM sharding.owned_buckets)' : '';
}

async function purge(sql: Sql, { text, from }: Purge, hours: number, batchSize: number, signal: AbortSignal) {
  let purged = 0;
  let begin = from;
  while (!signal.aborted) {
    const { rows } = await sql.query<Batch>(text, [hours, batchSize, begin]);
    const { found = 0, reached } = rows[0] ?? {};
    purged += found;
    begin = reached ?? begin;
    if (found < batchSize) break;
    await pause(PAUSE_MS, signal);
  }
  return purged;
}

/**
 * Deletes expired rows in small batches: replies of commands that can't be repeated any more, flows that ended as long
 * ago, versions of events that Kafka keeps no longer. Parked events stay until an operator decides. The leader of a
 * database runs it.
 */
export async function purgeExpired(options: PurgeOptions, sql: Sql, signal: AbortSignal): Promise<void> {
  const { server, logger, inboxHours = 48, versionHours = 192, everyMs = 600_000, batchSize = 500 } = options;
  while (!signal.aborted) {
    // Not at once, and not in step with other databases' leaders.
    await pause(everyMs * (0.5 + Math.random()), signal);
    try {
      const own = await ownRows(sql);
      const replies = await purge(sql, purgeInbox(own), inboxHours, batchSize, signal);
      const versions = await purge(sql, purgeVersions(own), versionHours, batchSize, signal);
      const flows = await purge(sql, purgeFlows(own), inboxHours, batchSize, signal);
      if (replies + versions + flows > 0) {
        logger.info({ server, replies, versions, flows }, 'expired rows were purged');
      }
    } catch (error) {
      // A bucket that was fenced in this moment refuses deletes; the next round gets them. A lost session ends the
      // leader elsewhere.
      if (!signal.aborted) logger.warn({ err: error, server }, 'the purge goes on in the next round');
    }
  }
}
