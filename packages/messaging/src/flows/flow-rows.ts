import type { Command } from '@stoa/contract-kit';
import type { Sql } from '@stoa/postgres';
import type { CommandReply } from '../api/command-execution.js';
import type { Caller } from '../api/requests.js';
import { bodyHash } from '../inbox/body-hash.js';

/** A request of a durable flow, as its row keeps it. */
export interface FlowRequest {
  readonly bucket: number;
  readonly id: string;
  readonly operation: Command;
  readonly key: string;
  readonly bodyText: string;
  readonly caller: Caller;
  readonly traceparent: string | undefined;
}

/** One run of a kept flow, by which a later one is known. */
export interface FlowRun {
  readonly bucket: number;
  readonly id: string;
  readonly attempt: number;
}

/** A flow that was taken up. */
export interface TakenFlow extends FlowRun {
  readonly operation: string;
  readonly key: string;
  readonly bodyText: string;
  readonly caller: Caller;
  readonly traceparent: string | undefined;
  readonly reason: string | null;
  /** By the database's clock. */
  readonly now: Date;
  /** It came to its end in none of many runs, and its day is over: its clones ended first, perhaps. */
  readonly isHopeless: boolean;
}

const COLUMNS = `bucket, flow_id, operation, contract_version, key, input, body_hash, caller, traceparent`;

const recordOf = ({ bucket, id, operation, key, bodyText, caller, traceparent }: FlowRequest) => ({
  bucket,
  id,
  operation: operation.name,
  version: operation.since ?? 1,
  key,
  input: bodyText,
  hash: bodyHash(operation, bodyText).toString('hex'),
  caller: JSON.stringify(caller),
  traceparent: traceparent ?? null,
});

/** Inserts the rows of flows that a transaction starts; takes records, as BatchContext.write does. */
export const START_FLOWS = `INSERT INTO flows (${COLUMNS}, due_at)
  SELECT bucket, id, operation, version, key, input, decode(hash, 'hex'), caller, traceparent, clock_timestamp()
  FROM json_to_recordset($1) AS r(bucket smallint, id uuid, operation text, version integer, key text, input text,
    hash text, caller text, traceparent text)
  ON CONFLICT DO NOTHING`;

export const startRecord = recordOf;

/** The row of an earlier delivery, or the new one. */
export interface AdmittedRow {
  readonly isSame: boolean;
  readonly status: string;
  readonly reply: string | null;
  readonly attempt: number;
}

// Another delivery joins a run that is under way: each step is done once anyway, and the other clone may be dead.
const ADMIT = `INSERT INTO flows AS known (${COLUMNS}, attempts, due_at)
  VALUES ($1, $2, $3, $4, $5, $6, decode($7, 'hex'), $8, $9, 1, clock_timestamp() + make_interval(secs => $10))
  ON CONFLICT (bucket, flow_id) DO UPDATE SET
    attempts = known.attempts + (known.status = 'running' AND known.body_hash = excluded.body_hash)::int,
    due_at = CASE WHEN known.status = 'running' AND known.body_hash = excluded.body_hash
      THEN excluded.due_at ELSE known.due_at END
  RETURNING body_hash = decode($7, 'hex') AS same, status, reply, attempts`;

/** Keeps a request, unless one of its id is kept; a run of it begins now, unless it ended before. */
export async function admitFlow(tx: Sql, request: FlowRequest, leaseSeconds: number): Promise<AdmittedRow> {
  const { bucket, id, operation, version, key, input, hash, caller, traceparent } = recordOf(request);
  const values = [bucket, id, operation, version, key, input, hash, caller, traceparent, leaseSeconds];
  type Row = { same: boolean; status: string; reply: string | null; attempts: number };
  const { rows } = await tx.query<Row>(ADMIT, values);
  const { same: isSame, status, reply, attempts: attempt } = rows[0]!;
  return { isSame, status, reply, attempt };
}

const ENDED = `status = $3, reply = $4, ended_at = CASE WHEN is_forgotten THEN '-infinity' ELSE now() END`;
const FINISH = `UPDATE flows SET ${ENDED} WHERE bucket = $1 AND flow_id = $2 AND status = 'running' RETURNING reply`;
const READ = 'SELECT status, reply FROM flows WHERE bucket = $1 AND flow_id = $2';

/**
 * Keeps the reply, whichever run came to it first.
 * @returns the reply that is kept; undefined when it was given up, dropped or purged meanwhile
 */
export async function finishFlow(tx: Sql, { bucket, id }: FlowRun, reply: CommandReply) {
  const done = await tx.query(FINISH, [bucket, id, reply.ok ? 'ok' : 'error', reply.body]);
  if (done.rows.length > 0) return reply;
  const { rows } = await tx.query<{ status: string; reply: string | null }>(READ, [bucket, id]);
  return replyOf(rows[0]);
}

/** The reply of a flow that ended; undefined of another. */
export function replyOf(row: { readonly status: string; readonly reply: string | null } | undefined) {
  if (!row || row.reply === null || row.status === 'running') return undefined;
  return { ok: row.status === 'ok', body: row.reply };
}

/** A flow that is given up, as operators see it. */
export interface GivenUpFlow {
  readonly operation: string;
  readonly key: string;
  readonly input: string;
  readonly caller: string;
  readonly attempts: number;
}

const POSTPONE = `UPDATE flows SET reason = $5, due_at = clock_timestamp() + make_interval(secs => $4),
    status = CASE WHEN clock_timestamp() > give_up_at THEN 'given up' ELSE status END
  WHERE bucket = $1 AND flow_id = $2 AND attempts = $3 AND status = 'running'
  RETURNING status, operation, key, input, caller, attempts`;

/**
 * Says when the next run may begin, unless another has begun already; behind its day it is given up instead.
 * @returns what is given up
 */
export async function postponeFlow(
  tx: Sql,
  { bucket, id, attempt }: FlowRun,
  seconds: number,
  reason: string,
): Promise<GivenUpFlow | undefined> {
  const values = [bucket, id, attempt, seconds, reason.replaceAll('\0', '\ufffd')];
  const { rows } = await tx.query<GivenUpFlow & { status: string }>(POSTPONE, values);
  return rows[0]?.status === 'given up' ? rows[0] : undefined;
}

const HOPELESS_RUNS = 100;
const takeText = (own: string): string => `WITH due AS (
    SELECT bucket, flow_id FROM flows
    WHERE status = 'running' AND due_at <= clock_timestamp() AND operation = ANY ($1) AND contract_version <= $3${own}
    ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED
  )
  UPDATE flows AS f SET attempts = f.attempts + 1,
    due_at = clock_timestamp() + make_interval(secs => ($2::jsonb ->> f.operation)::float8)
  FROM due WHERE f.bucket = due.bucket AND f.flow_id = due.flow_id
  RETURNING f.bucket, f.flow_id AS id, f.attempts AS attempt, f.operation, f.key, f.input AS "bodyText", f.caller,
    f.traceparent, f.reason, clock_timestamp() AS now,
    f.attempts > ${HOPELESS_RUNS} AND f.give_up_at < clock_timestamp() AS "isHopeless"`;
const OF_SHARD = ' AND bucket IN (SELECT bucket FROM sharding.owned_buckets)';

/** The flows that a clone can run. */
export interface Takeable {
  /** Seconds that a run has, by operation. */
  readonly leases: Readonly<Record<string, number>>;
  readonly contractVersion: number;
}

/**
 * Takes up flows that are due: their time begins anew, for no other clone.
 * @param isSharded whether the database may hold rows of buckets that are another shard's
 */
export async function takeFlows(
  tx: Sql,
  { leases, contractVersion }: Takeable,
  most: number,
  isSharded: boolean,
): Promise<TakenFlow[]> {
  const values = [Object.keys(leases), JSON.stringify(leases), contractVersion, most];
  const { rows } = await tx.query<TakenFlow & { caller: string; traceparent: string | null; now: Date | string }>(
    takeText(isSharded ? OF_SHARD : ''),
    values,
  );
  return rows.map((row) => ({
    ...row,
    caller: JSON.parse(row.caller) as Caller,
    traceparent: row.traceparent ?? undefined,
    now: new Date(row.now),
  }));
}

const FORGET_ENDED = `DELETE FROM flows WHERE bucket = $1 AND key = $2 AND ended_at IS NOT NULL
  AND flow_id IS DISTINCT FROM $3::uuid`;
const FORGET_RUNNING = `UPDATE flows SET is_forgotten = true WHERE bucket = $1 AND key = $2 AND ended_at IS NULL
  AND flow_id IS DISTINCT FROM $3::uuid`;

/**
 * Deletes the requests and replies of all flows of a key, for somebody who is erased. Those that are under way, or were
 * given up, go behind their end: what they have begun must come to one.
 * @param except the id of the flow that does it
 */
export async function purgeFlows(
  tx: Sql,
  { bucket, key }: { readonly bucket: number; readonly key: string },
  except: string | null,
): Promise<void> {
  await tx.query(FORGET_ENDED, [bucket, key, except]);
  await tx.query(FORGET_RUNNING, [bucket, key, except]);
}
