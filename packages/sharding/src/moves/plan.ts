import { randomBytes } from 'node:crypto';
import type { Sql } from '@stoa/postgres';
import { BUCKETS } from '../map/bucket.js';
import { inDirectory } from '../directory/keyspace.js';
import { MoveRefused, MoveUnknown } from '../move-steps/errors.js';
import { canAbort, isOver, type Move, type MoveInfo, type Phase } from '../move-steps/phases.js';

/** A move to be planned. */
export interface MoveRequest {
  readonly keyspace: string;
  readonly buckets: readonly number[];
  readonly from: string;
  readonly to: string;
  /** The requester's name, for people. */
  readonly requestedBy?: string;
}

/** A bucket as recorded in the directory. */
export interface MappedBucket {
  readonly bucket: number;
  readonly shard: string;
  readonly move_id: string | null;
}

/** The most buckets of a move: its publication's filter and its fence go through all of them. */
export const MAX_BUCKETS = 256;

/** Describes why a move can't be planned; undefined when it can. */
export function problemWith({ buckets, from, to }: MoveRequest, mapped: readonly MappedBucket[]): string | undefined {
  if (from === to) return `source and destination are the same shard, ${from}`;
  if (buckets.length === 0) return 'it names no bucket';
  if (buckets.length > MAX_BUCKETS) return `it names more than ${MAX_BUCKETS} buckets`;
  if (new Set(buckets).size !== buckets.length) return 'it names a bucket twice';
  const wrong = buckets.find((bucket) => !Number.isInteger(bucket) || bucket < 0 || bucket >= BUCKETS);
  if (wrong !== undefined) return `there is no bucket ${wrong}`;
  const known = new Map(mapped.map((row) => [row.bucket, row]));
  for (const bucket of buckets) {
    const row = known.get(bucket);
    if (row?.shard !== from) return `bucket ${bucket} is on ${row?.shard ?? 'no shard'}, not on ${from}`;
    if (row.move_id !== null) return `bucket ${bucket} is in move ${row.move_id} already`;
  }
  return undefined;
}

/** Reserves buckets for a move, which changes nothing until it is run. @returns the move's id. @throws MoveRefused */
export function planMove(directoryUrl: string, request: MoveRequest): Promise<string> {
  return inDirectory(directoryUrl, (tx) => reserve(tx, request));
}

/** Does the same in the caller's transaction on the directory. */
export async function reserve(tx: Sql, request: MoveRequest, id = newMoveId()): Promise<string> {
  const { keyspace, from, to, requestedBy = null } = request;
  const buckets = [...request.buckets].toSorted((a, b) => a - b);
  const shards = await tx.query<{ shard: string }>(
    'SELECT shard FROM sharding.shards WHERE keyspace = $1 AND shard = ANY ($2)',
    [keyspace, [from, to]],
  );
  const missing = [from, to].find((shard) => !shards.rows.some((row) => row.shard === shard));
  if (missing !== undefined) throw new MoveRefused(`The keyspace ${keyspace} has no shard ${missing}`);
  const mapped = await tx.query<MappedBucket>(
    `SELECT bucket, shard, move_id FROM sharding.bucket_map WHERE keyspace = $1 AND bucket = ANY ($2)
     ORDER BY bucket FOR UPDATE`,
    [keyspace, buckets],
  );
  const reason = problemWith({ ...request, buckets }, mapped.rows);
  if (reason !== undefined) throw new MoveRefused(`The move from ${from} to ${to} can't be: ${reason}`);
  await tx.query(
    `INSERT INTO sharding.moves (id, keyspace, source, destination, buckets, requested_by)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [id, keyspace, from, to, buckets, requestedBy],
  );
  await tx.query('UPDATE sharding.bucket_map SET move_id = $1 WHERE keyspace = $2 AND bucket = ANY ($3)', [
    id,
    keyspace,
    buckets,
  ]);
  return id;
}

/** Makes a UUIDv7, by which moves sort in the order of their planning. */
export function newMoveId(): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

interface MoveRow {
  readonly id: string;
  readonly keyspace: string;
  readonly source: string;
  readonly destination: string;
  readonly buckets: number[];
  readonly phase: Phase;
  readonly attempt: string;
  readonly info: MoveInfo;
  readonly paused: boolean;
  readonly requestedBy: string | null;
  readonly plannedAt: Date;
  readonly changedAt: Date;
}

const COLUMNS = `id, keyspace, source, destination, buckets, phase, attempt, info, paused_at IS NOT NULL AS paused,
  requested_by AS "requestedBy", planned_at AS "plannedAt", changed_at AS "changedAt"`;

const toMove = (row: MoveRow): Move => ({ ...row, attempt: Number(row.attempt) });

/** Reads a move. @throws MoveUnknown */
export async function readMove(directory: Sql, id: string): Promise<Move> {
  const { rows } = await directory.query<MoveRow>(`SELECT ${COLUMNS} FROM sharding.moves WHERE id = $1`, [id]);
  if (!rows[0]) throw new MoveUnknown(id);
  return toMove(rows[0]);
}

/** Begins a new attempt at a move: every earlier mover of it is refused from now on. @throws MoveUnknown */
export async function beginAttempt(directory: Sql, id: string): Promise<Move> {
  const { rows } = await directory.query<MoveRow>(
    `UPDATE sharding.moves SET attempt = attempt + 1, changed_at = now() WHERE id = $1 RETURNING ${COLUMNS}`,
    [id],
  );
  if (!rows[0]) throw new MoveUnknown(id);
  return toMove(rows[0]);
}

async function setPaused(directory: Sql, id: string, paused: boolean): Promise<Move> {
  const { rows } = await directory.query<MoveRow>(
    `UPDATE sharding.moves SET paused_at = CASE WHEN $2 THEN coalesce(paused_at, now()) END
     WHERE id = $1 RETURNING ${COLUMNS}`,
    [id, paused],
  );
  if (!rows[0]) throw new MoveUnknown(id);
  return toMove(rows[0]);
}

/** Pauses a move. @throws MoveRefused when it is over; MoveUnknown */
export async function pause(directory: Sql, id: string): Promise<Move> {
  const move = await setPaused(directory, id, true);
  if (isOver(move.phase)) throw new MoveRefused(`Move ${id} is ${move.phase}`);
  return move;
}

/** Ends a pause. @throws MoveUnknown */
export const unpause = (directory: Sql, id: string): Promise<Move> => setPaused(directory, id, false);

/** Lists the moves that are not over, of one keyspace or all. */
export async function unfinishedMoves(directory: Sql, keyspace: string | null): Promise<Move[]> {
  const { rows } = await directory.query<MoveRow>(
    `SELECT ${COLUMNS} FROM sharding.moves WHERE ($1::text IS NULL OR keyspace = $1)
     AND phase NOT IN ('done', 'aborted') ORDER BY id`,
    [keyspace],
  );
  return rows.map(toMove);
}

/** Lists moves from the newest on, of one keyspace or all. */
export async function listMoves(directory: Sql, keyspace: string | null, limit: number): Promise<Move[]> {
  const { rows } = await directory.query<MoveRow>(
    `SELECT ${COLUMNS} FROM sharding.moves WHERE $1::text IS NULL OR keyspace = $1 ORDER BY id DESC LIMIT $2`,
    [keyspace, limit],
  );
  return rows.map(toMove);
}

/** Checks that a move can be aborted. @throws MoveRefused after its switch, or when it is aborted already. */
export function expectAbortable({ id, phase }: Pick<Move, 'id' | 'phase'>): void {
  if (canAbort(phase)) return;
  if (phase === 'aborted') throw new MoveRefused(`Move ${id} is ${phase}`);
  const remedy = phase === 'done' ? 'reversed' : 'finished, then reversed';
  throw new MoveRefused(`Move ${id} is ${phase}: it can only be ${remedy}`);
}

/** Makes the request that reverses a move. @throws MoveRefused unless the move is done. */
export function reverseOf({ id, phase, keyspace, buckets, source, destination }: Move): MoveRequest {
  if (phase !== 'done') throw new MoveRefused(`Move ${id} is ${phase}: only one that is done can be reversed`);
  return { keyspace, buckets, from: destination, to: source };
}
