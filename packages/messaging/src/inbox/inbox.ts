import type { Sql } from '@stoa/postgres';
import type { CommandReply } from '../api/command-execution.js';
import { outboxInsert, type OutboxRow } from '../outbox/outbox.js';
import type { Deadline } from '../clocks/server-clocks.js';

/** A command in the inbox. */
export interface InboxKey {
  readonly bucket: number;
  readonly commandId: string;
  /** The record key, by which an erased customer's replies are found. */
  readonly key: string;
  readonly bodyHash: Buffer;
}

/** The reply to an earlier delivery of the command. */
export interface EarlierReply extends CommandReply {
  /** False: that was another command, under the same id. */
  readonly sameBody: boolean;
}

// No conflict target: a test drops the primary key to show its purpose.
const CLAIM = `INSERT INTO inbox (bucket, command_id, key, body_hash) VALUES ($1, $2, $3, $4)
  ON CONFLICT DO NOTHING`;
// A command's deadline is checked where its reply is written: behind its last statement, when it has locked all that it
// changes. A late command gets no status, which the column refuses (see isLate); that costs no statement of its own.
const STATUS_IN_TIME = (status: string, until: string): string =>
  `CASE WHEN clock_timestamp() <= ${until} THEN ${status} END`;
const RECORD = `INSERT INTO inbox (bucket, command_id, key, body_hash, status, reply)
  VALUES ($1, $2, $3, $4, ${STATUS_IN_TIME('$5', '$7::timestamptz')}, $6)
  ON CONFLICT DO NOTHING RETURNING 1`;
const READ = 'SELECT body_hash, status, reply FROM inbox WHERE bucket = $1 AND command_id = $2';
const FINISH = `UPDATE inbox SET status = ${STATUS_IN_TIME('$3', '$5::timestamptz')}, reply = $4
  WHERE bucket = $1 AND command_id = $2`;
// Reply and events in one statement: a statement costs 30 to 60 µs of CPU on both sides together, whatever it does.
const FINISH_AND = `WITH done AS (UPDATE inbox SET status = ${STATUS_IN_TIME('$8', '$10::timestamptz')}, reply = $9
  WHERE bucket = $1 AND command_id = $7)`;

const statusOf = (reply: CommandReply): string => (reply.ok ? 'ok' : 'error');

/**
 * Claims the command for this transaction, and waits for another delivery of it that is in work.
 * @returns false if an earlier delivery has its reply (see readReply).
 */
export async function claim(tx: Sql, { bucket, commandId, key, bodyHash }: InboxKey): Promise<boolean> {
  const { rowCount } = await tx.query(CLAIM, [bucket, commandId, key, bodyHash]);
  return rowCount === 1;
}

/** Reads the reply to an earlier delivery. @throws Error when its row was purged since, 48 hours after that delivery */
export async function readReply(tx: Sql, { bucket, commandId, bodyHash }: InboxKey): Promise<EarlierReply> {
  const { rows } = await tx.query<{ body_hash: Uint8Array; status: string; reply: string | null }>(READ, [
    bucket,
    commandId,
  ]);
  const [row] = rows;
  if (!row || row.reply === null) throw new Error(`The inbox has no reply to command ${commandId}`);
  const sameBody = row.body_hash.length === 0 || bodyHash.equals(row.body_hash);
  return { ok: row.status === 'ok', body: row.reply, sameBody };
}

/** True for the error of a statement that would have recorded a reply after the deadline: the command was not done. */
export function isLate(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, table, column } = error as { code?: unknown; table?: unknown; column?: unknown };
  return code === '23502' && column === 'status' && typeof table === 'string' && table.startsWith('inbox');
}

/**
 * Writes a claimed command's reply and its messages, in its last statement.
 * @param until the command's deadline by the server's clock @throws an error that isLate knows, after it
 */
export async function finish(
  tx: Sql,
  { bucket, commandId }: InboxKey,
  reply: CommandReply,
  messages: readonly OutboxRow[],
  until: Deadline,
): Promise<void> {
  const outcome = [commandId, statusOf(reply), reply.body, until];
  if (messages.length === 0) {
    await tx.query(FINISH, [bucket, ...outcome]);
    return;
  }
  const insert = outboxInsert(messages);
  await tx.query(`${FINISH_AND} ${insert.text}`, [bucket, ...insert.values, ...outcome]);
}

/**
 * Keeps the reply of a command whose transaction was rolled back.
 * @returns false if another delivery has a reply already. @throws an error that isLate knows, after the deadline
 */
export async function record(tx: Sql, key: InboxKey, reply: CommandReply, until: Deadline): Promise<boolean> {
  const { rows } = await tx.query(RECORD, [
    key.bucket,
    key.commandId,
    key.key,
    key.bodyHash,
    statusOf(reply),
    reply.body,
    until,
  ]);
  return rows.length > 0;
}

// A row that is there keeps its values; its lock makes it visible also where another transaction has just written it.
const ADMIT = `INSERT INTO inbox AS known (bucket, command_id, key, body_hash, status, reply)
  VALUES ($1, $2, $3, $4, 'ok', '')
  ON CONFLICT (bucket, command_id) DO UPDATE SET key = known.key
  RETURNING body_hash`;

/** Inserts a request's row, unless one of its id is there. @returns the body hash of the first request of that id */
export async function insertRequest(tx: Sql, { bucket, commandId, key, bodyHash }: InboxKey): Promise<Buffer> {
  const { rows } = await tx.query<{ body_hash: Uint8Array }>(ADMIT, [bucket, commandId, key, bodyHash]);
  return Buffer.from(rows[0]!.body_hash);
}

// A lateral subquery, which is always a loop over the index: a join might be planned as one with the whole table.
const REPLIED = `SELECT r.n FROM json_to_recordset($1) AS r(n integer, bucket smallint, id uuid)
  CROSS JOIN LATERAL (SELECT FROM inbox WHERE bucket = r.bucket AND command_id = r.id LIMIT 1) AS known`;
const RECORD_ALL = `INSERT INTO inbox (bucket, command_id, key, body_hash, status, reply)
  SELECT bucket, id, key, decode(hash, 'hex'), ${STATUS_IN_TIME('status', 'until')}, reply
  FROM json_to_recordset($1)
    AS r(bucket smallint, id uuid, key text, hash text, status text, until timestamptz, reply text)`;

/** Finds those of these commands that have a reply. @returns their indexes */
export async function findReplied(tx: Sql, keys: readonly InboxKey[]): Promise<Set<number>> {
  const records = keys.map(({ bucket, commandId }, n) => ({ n, bucket, id: commandId }));
  const { rows } = await tx.query<{ n: number }>(REPLIED, [JSON.stringify(records)]);
  return new Set(rows.map(({ n }) => n));
}

/** A command's reply, and until when it may be recorded. */
export interface RecordedReply {
  readonly inbox: InboxKey;
  readonly reply: CommandReply;
  readonly until: Deadline;
}

/**
 * Keeps the replies of commands.
 * @throws the server's unique_violation when one of them got a reply meanwhile; an error that isLate knows when one is
 * late
 */
export async function recordAll(tx: Sql, replies: readonly RecordedReply[]): Promise<void> {
  const records = replies.map(({ inbox: { bucket, commandId, key, bodyHash }, reply, until }) => ({
    bucket,
    id: commandId,
    key,
    hash: bodyHash.toString('hex'),
    status: statusOf(reply),
    until,
    reply: reply.body,
  }));
  await tx.query(RECORD_ALL, [JSON.stringify(records)]);
}

/** Finds the reply to a command, whatever its body; undefined: there is none, or none any more (the row was purged). */
export async function findReply(
  tx: Sql,
  { bucket, commandId }: Pick<InboxKey, 'bucket' | 'commandId'>,
): Promise<CommandReply | undefined> {
  const { rows } = await tx.query<{ status: string; reply: string | null }>(READ, [bucket, commandId]);
  const [row] = rows;
  return row && row.reply !== null ? { ok: row.status === 'ok', body: row.reply } : undefined;
}

/** Matches any body: whoever closes a command does not know it. */
const ANY_BODY = Buffer.alloc(0);

// A row that is there is kept as long as a new one: whoever closes a command relies on it for as long as on their own.
const CLOSE = `INSERT INTO inbox AS known (bucket, command_id, key, body_hash, status, reply)
  VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (bucket, command_id) DO UPDATE SET created_at = now()
  RETURNING (xmax = 0) AS closed, status, reply`;

/** The outcome of closing a command. */
export interface Closed {
  readonly reply: CommandReply;
  /** True: it was closed just now, and never runs. False: it had its reply before. */
  readonly isNew: boolean;
}

/**
 * Gives a reply to a command that may still be on its way, frozen, or never come. From the commit on it never runs (for
 * as long as the inbox keeps replies), and whoever sends it again gets this reply. A command that is in work is waited
 * for; one that has a reply keeps it.
 */
export async function closeCommand(
  tx: Sql,
  { bucket, commandId, key }: Omit<InboxKey, 'bodyHash'>,
  reply: CommandReply,
): Promise<Closed> {
  const values = [bucket, commandId, key, ANY_BODY, statusOf(reply), reply.body];
  const { rows } = await tx.query<{ closed: boolean; status: string; reply: string }>(CLOSE, values);
  const { closed, status, reply: body } = rows[0]!;
  return { reply: { ok: status === 'ok', body }, isNew: closed };
}

const PURGE = 'DELETE FROM inbox WHERE bucket = $1 AND key = $2 AND command_id IS DISTINCT FROM $3::uuid';

/**
 * Deletes the replies to all commands of a key, for somebody who is erased. A command that comes again runs again, so
 * something else must refuse it.
 * @param except the id of the command that does it
 */
export async function purgeReplies(
  tx: Sql,
  { bucket, key }: Pick<InboxKey, 'bucket' | 'key'>,
  except: string | null,
): Promise<void> {
  await tx.query(PURGE, [bucket, key, except]);
}
