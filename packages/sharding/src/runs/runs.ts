import { isHeld, type Sql } from '@stoa/postgres';
import type { Finding } from '../verification/verify.js';
import type { BalanceBy } from '../rebalancing/plan-transfers.js';

/** The kinds of runs. */
export type RunKind = 'rebalance' | 'drain' | 'verify';
/** 'waiting' for a clone, 'running', 'stopping' after the moves under way, or over: 'stopped', 'done', 'failed'. */
export type RunState = 'waiting' | 'running' | 'stopping' | 'stopped' | 'done' | 'failed';

/** The parameters of a run. */
export interface RunOptions {
  readonly keyspaces?: readonly string[];
  readonly by?: BalanceBy;
  /** The shard of a drain. */
  readonly shard?: string;
  readonly groupBuckets?: number;
  readonly parallel?: number;
}

/** The progress of a run. */
export interface RunProgress {
  readonly moves?: number;
  readonly movesDone?: number;
  readonly rows?: number;
  readonly ofRows?: number;
  readonly secondsPlanned?: number;
  /** The findings of a verification, at most 100. */
  readonly findings?: readonly (Finding & { readonly keyspace: string })[];
  /** The reason of a failure, or a note. */
  readonly message?: string;
}

/** A long operation on shards that a service's clone executes for an operator. */
export interface Run {
  readonly id: string;
  readonly kind: RunKind;
  readonly options: RunOptions;
  readonly state: RunState;
  readonly requestedBy: string | null;
  readonly progress: RunProgress;
  readonly createdAt: Date;
  readonly changedAt: Date;
}

/** True for a run that is stopped, done or failed. */
export const isRunOver = (state: RunState): boolean => ['stopped', 'done', 'failed'].includes(state);

const COLUMNS = `id, kind, options, state, requested_by AS "requestedBy", progress, created_at AS "createdAt",
  changed_at AS "changedAt"`;

/** Records a run, which a RunWorker executes. A second call with the same id changes nothing. */
export async function createRun(
  directory: Sql,
  id: string,
  kind: RunKind,
  options: RunOptions,
  requestedBy: string,
): Promise<Run> {
  await directory.query(`DELETE FROM sharding.runs WHERE created_at < now() - interval '90 days'`);
  const { rows } = await directory.query<Run>(
    `INSERT INTO sharding.runs (id, kind, options, requested_by) VALUES ($1, $2, $3, $4)
     ON CONFLICT (id) DO UPDATE SET id = excluded.id RETURNING ${COLUMNS}`,
    [id, kind, JSON.stringify(options), requestedBy],
  );
  return rows[0] as Run;
}

/** Reads a run; undefined when there is none. */
export async function readRun(directory: Sql, id: string): Promise<Run | undefined> {
  const { rows } = await directory.query<Run>(`SELECT ${COLUMNS} FROM sharding.runs WHERE id = $1`, [id]);
  return rows[0];
}

/** Lists runs from the newest on. */
export async function listRuns(directory: Sql, limit: number): Promise<Run[]> {
  const { rows } = await directory.query<Run>(`SELECT ${COLUMNS} FROM sharding.runs ORDER BY id DESC LIMIT $1`, [
    limit,
  ]);
  return rows;
}

/** Stops a run after the moves under way. A run that is over stays as it is. */
export async function stopRun(directory: Sql, id: string): Promise<Run | undefined> {
  await directory.query(
    `UPDATE sharding.runs SET changed_at = now(), state = CASE state WHEN 'waiting' THEN 'stopped' ELSE 'stopping' END
     WHERE id = $1 AND state IN ('waiting', 'running')`,
    [id],
  );
  return readRun(directory, id);
}

/** Finds the oldest run that is not over and that no worker executes. */
export async function nextRun(directory: Sql, lockClass: number): Promise<Run | undefined> {
  const { rows } = await directory.query<Run>(
    `SELECT ${COLUMNS} FROM sharding.runs AS r WHERE state IN ('waiting', 'running', 'stopping') AND NOT EXISTS (
       SELECT FROM pg_locks AS l WHERE ${isHeld('$1', 'r.id::text')})
     ORDER BY id LIMIT 1`,
    [lockClass],
  );
  return rows[0];
}

/** Records the progress of a run, and its state if given. */
export async function noteRun(directory: Sql, id: string, progress: RunProgress, state?: RunState): Promise<void> {
  await directory.query(
    `UPDATE sharding.runs SET progress = progress || $2, state = coalesce($3, state), changed_at = now() WHERE id = $1`,
    [id, JSON.stringify(progress), state ?? null],
  );
}
