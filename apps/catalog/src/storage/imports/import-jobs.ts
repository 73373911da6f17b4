import type { ImportJob } from '@stoa/catalog-contract';
import type { Sql } from '@stoa/postgres';

/** A row of import_jobs; bigint columns come as text or bigint, as the driver reads them. */
export interface JobRow {
  readonly id: string;
  readonly file: string;
  readonly format: string;
  readonly currency: string;
  readonly status: string;
  readonly bytesReceived: string | bigint;
  readonly bytesProcessed: string | bigint;
  readonly productsCreated: number;
  readonly productsChanged: number;
  readonly productsUnchanged: number;
  readonly rowsRefused: number;
  readonly failure: string | null;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
}

const JOB_COLUMNS = `id, file, format, currency, status, bytes_received AS "bytesReceived", bytes_processed AS "bytesProcessed",
  products_created AS "productsCreated", products_changed AS "productsChanged", products_unchanged AS "productsUnchanged",
  rows_refused AS "rowsRefused", failure, started_at AS "startedAt", finished_at AS "finishedAt"`;

/** The job as the contract shows it. */
export const jobOf = (row: JobRow): ImportJob => ({
  id: row.id,
  file: row.file,
  format: row.format as ImportJob['format'],
  status: row.status as ImportJob['status'],
  bytesReceived: Number(row.bytesReceived),
  bytesProcessed: Number(row.bytesProcessed),
  productsCreated: row.productsCreated,
  productsChanged: row.productsChanged,
  productsUnchanged: row.productsUnchanged,
  rowsRefused: row.rowsRefused,
  failure: row.failure,
  startedAt: row.startedAt.toISOString(),
  finishedAt: row.finishedAt?.toISOString() ?? null,
});

/** A frame of an upload, with its bytes. */
export interface Frame {
  readonly job: Pick<ImportJob, 'id' | 'file' | 'format'> & { readonly currency: string };
  readonly sequence: number;
  readonly last: boolean;
  readonly data: Buffer;
}

const OPEN = `INSERT INTO import_jobs (id, file, format, currency, status, started_at, updated_at)
  VALUES ($1, $2, $3, $4, 'receiving', $5, $5) ON CONFLICT (id) DO NOTHING`;

const STORE = `WITH stored AS (
    INSERT INTO import_chunks (job_id, sequence, data)
    SELECT id, $2, $3 FROM import_jobs WHERE id = $1 AND status = 'receiving'
    ON CONFLICT (job_id, sequence) DO NOTHING RETURNING length(data) AS bytes)
  UPDATE import_jobs SET frames_received = frames_received + 1, bytes_received = bytes_received + stored.bytes,
    last_frame = CASE WHEN $4 THEN $2 ELSE last_frame END, updated_at = $5,
    -- Frames come in any order: the file is whole when none is missing.
    status = CASE WHEN frames_received + 1 = CASE WHEN $4 THEN $2 ELSE last_frame END + 1 THEN 'running' ELSE status END
  FROM stored WHERE id = $1`;

/**
 * Stores a frame of an upload, the first one that comes opens the job. A frame that is there already changes nothing.
 */
export async function receiveFrame(tx: Sql, { job, sequence, last, data }: Frame, now: Date): Promise<ImportJob> {
  await tx.query(OPEN, [job.id, job.file, job.format, job.currency, now]);
  // One frame of a job at a time from here on: two must not both see the other one missing.
  await tx.query('SELECT FROM import_jobs WHERE id = $1 FOR UPDATE', [job.id]);
  await tx.query(STORE, [job.id, sequence, data, last, now]);
  const { rows } = await tx.query<JobRow>(`SELECT ${JOB_COLUMNS} FROM import_jobs WHERE id = $1`, [job.id]);
  const [row] = rows;
  if (!row) throw new Error(`The import ${job.id} is gone`);
  return jobOf(row);
}
