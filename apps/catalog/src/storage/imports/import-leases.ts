import type { ImportJob, ImportProblem } from '@stoa/catalog-contract';
import type { Sql } from '@stoa/postgres';

/** Longer than any batch takes; a clone that was killed keeps its job from others for this long. */
const LEASE_SECONDS = 15;
/** An upload that is silent for this long was given up by its sender. */
const ABANDONED_AFTER = '1 hour';
const KEPT_FOR = '30 days';
const SWEEP_ROWS = 10_000;
const SWEEP_CHUNKS = 100;

/** Where a run goes on: the chunk that holds `offset`, and what was read before it. */
export interface Checkpoint {
  readonly chunk: number;
  /** Of the chunk's first byte in the file. */
  readonly chunkStart: number;
  readonly offset: number;
  readonly line: number;
  /** The header of a CSV. */
  readonly header: readonly string[];
  /** Unknown fields that were mentioned already. */
  readonly mentioned: readonly string[];
}

/** A job that this run may work on, as long as it holds the lease. */
export interface LeasedJob {
  readonly id: string;
  readonly worker: string;
  readonly file: string;
  readonly format: ImportJob['format'];
  readonly currency: string;
  /** Sequence of the last chunk. */
  readonly lastFrame: number;
  readonly checkpoint: Checkpoint | null;
}

/** Another run has the job, because this one did not renew its lease in time. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

const CLAIM = `UPDATE import_jobs SET worker = $1, lease_until = now() + make_interval(secs => $2)
  WHERE id = (SELECT id FROM import_jobs WHERE status = 'running' AND (lease_until IS NULL OR lease_until < now())
    ORDER BY started_at LIMIT 1 FOR UPDATE SKIP LOCKED)
  RETURNING id, worker, file, format, currency, last_frame AS "lastFrame", checkpoint`;

/** Takes a job that nobody works on. @param worker a fresh id for this run. */
export async function claimJob(tx: Sql, worker: string): Promise<LeasedJob | undefined> {
  return (await tx.query<LeasedJob>(CLAIM, [worker, LEASE_SECONDS])).rows[0];
}

/** The first statement of each transaction of a run: locks the job and renews the lease. @throws LeaseLost */
export async function holdLease(tx: Sql, { id, worker }: LeasedJob): Promise<void> {
  const { rowCount } = await tx.query(
    `UPDATE import_jobs SET lease_until = now() + make_interval(secs => $3), updated_at = now()
     WHERE id = $1 AND worker = $2 AND status = 'running'`,
    [id, worker, LEASE_SECONDS],
  );
  if (rowCount !== 1) throw new LeaseLost(`The import ${id} was taken over by another run`);
}

/** Gives the job to whoever asks next: this clone is leaving. */
export async function releaseJob(tx: Sql, { id, worker }: LeasedJob): Promise<void> {
  await tx.query('UPDATE import_jobs SET lease_until = NULL, worker = NULL WHERE id = $1 AND worker = $2', [
    id,
    worker,
  ]);
}

/** The bytes of one chunk of an upload. @throws Error when it is gone */
export async function readChunk(tx: Sql, jobId: string, sequence: number): Promise<Buffer> {
  const text = 'SELECT data FROM import_chunks WHERE job_id = $1 AND sequence = $2';
  const { rows } = await tx.query<{ data: Buffer }>(text, [jobId, sequence]);
  const [row] = rows;
  if (!row) throw new Error(`Chunk ${sequence} of the import ${jobId} is gone`);
  return row.data;
}

/** The counts of one batch of an import, and where the next batch begins. */
export interface Progress {
  readonly checkpoint: Checkpoint;
  readonly created: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly rowsRefused: number;
  readonly problems: readonly ImportProblem[];
}

const ADVANCE = `UPDATE import_jobs SET checkpoint = $2, bytes_processed = $3, products_created = products_created + $4,
  products_changed = products_changed + $5, products_unchanged = products_unchanged + $6, rows_refused = rows_refused + $7 WHERE id = $1`;

/** Records a batch in its own transaction, and lets go of the chunks behind it. */
export async function advance(tx: Sql, job: LeasedJob, progress: Progress): Promise<void> {
  const { checkpoint, created, changed, unchanged, rowsRefused, problems } = progress;
  const values = [JSON.stringify(checkpoint), checkpoint.offset, created, changed, unchanged, rowsRefused];
  await tx.query(ADVANCE, [job.id, ...values]);
  await tx.query('DELETE FROM import_chunks WHERE job_id = $1 AND sequence < $2', [job.id, checkpoint.chunk]);
  await addProblems(tx, job.id, problems);
}

async function addProblems(tx: Sql, jobId: string, problems: readonly ImportProblem[]): Promise<void> {
  if (problems.length === 0) return;
  const inOrder = problems.toSorted((a, b) => a.line - b.line);
  const column = <Name extends keyof ImportProblem>(name: Name) => inOrder.map((problem) => problem[name]);
  await tx.query(
    `INSERT INTO import_problems (job_id, line, "column", product, reason, refused)
     SELECT $1, p.line, p.col, p.product, p.reason, p.refused
     FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::boolean[]) WITH ORDINALITY
       AS p(line, col, product, reason, refused, n) ORDER BY p.n`,
    [jobId, column('line'), column('column'), column('product'), column('reason'), column('refused')],
  );
}

/** Ends a job. @param failure why the whole file was given up, null when it is done. */
export async function finishJob(tx: Sql, job: LeasedJob, failure: string | null): Promise<void> {
  await tx.query(
    `UPDATE import_jobs SET status = $2, failure = $3, finished_at = now(), updated_at = now(), checkpoint = NULL, worker = NULL,
       lease_until = NULL, bytes_processed = CASE WHEN $2 = 'done' THEN bytes_received ELSE bytes_processed END WHERE id = $1`,
    [job.id, failure === null ? 'done' : 'failed', failure],
  );
}

const ABANDON = `UPDATE import_jobs SET status = 'failed', finished_at = now(), updated_at = now(),
    failure = 'The upload stopped after ' || bytes_received || ' bytes, without its end.'
  WHERE status = 'receiving' AND updated_at < now() - interval '${ABANDONED_AFTER}'`;
const UNSWEPT = `SELECT id FROM import_jobs WHERE status IN ('done', 'failed') AND NOT swept LIMIT 1`;
const EXPIRED = `SELECT id FROM import_jobs WHERE status IN ('done', 'failed') AND finished_at < now() - interval '${KEPT_FOR}' LIMIT 1`;

/** Some rows at a time: a statement must end within its time-out. */
const deleteSome = (table: string, rows: number): string =>
  `DELETE FROM ${table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM ${table} WHERE job_id = $1 LIMIT ${rows}))`;

async function clear(tx: Sql, tables: readonly string[], jobId: string): Promise<boolean> {
  for (const table of tables) {
    const { rowCount } = await tx.query(deleteSome(table, table === 'import_chunks' ? SWEEP_CHUNKS : SWEEP_ROWS), [
      jobId,
    ]);
    if (rowCount) return false;
  }
  return true;
}

/**
 * Fails abandoned uploads; purges, some rows at a time, the chunks of finished jobs and old jobs.
 * @returns whether there is more to do
 */
export async function sweep(tx: Sql): Promise<boolean> {
  await tx.query(ABANDON, []);
  const [unswept] = (await tx.query<{ id: string }>(UNSWEPT, [])).rows;
  if (unswept) {
    const isClear = await clear(tx, ['import_chunks', 'import_handles'], unswept.id);
    if (isClear) await tx.query('UPDATE import_jobs SET swept = true WHERE id = $1', [unswept.id]);
    return true;
  }
  const [expired] = (await tx.query<{ id: string }>(EXPIRED, [])).rows;
  if (!expired) return false;
  const isClear = await clear(tx, ['import_problems'], expired.id);
  if (isClear) await tx.query('DELETE FROM import_jobs WHERE id = $1', [expired.id]);
  return true;
}
