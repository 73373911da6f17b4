import type { Sql } from '@stoa/postgres';

/** Notes where a file has its handles. @returns by handle, the earlier line of those that it has a second time. */
export async function noteHandles(
  tx: Sql,
  jobId: string,
  handles: readonly { readonly handle: string; readonly line: number }[],
): Promise<Map<string, number>> {
  const names = handles.map(({ handle }) => handle);
  const { rows } = await tx.query<{ handle: string }>(
    `INSERT INTO import_handles (job_id, handle, line) SELECT $1, h.handle, h.line FROM unnest($2::text[], $3::bigint[]) AS h(handle, line)
     ON CONFLICT DO NOTHING RETURNING handle`,
    [jobId, names, handles.map(({ line }) => line)],
  );
  if (rows.length === handles.length) return new Map();
  const fresh = new Set(rows.map(({ handle }) => handle));
  const earlier = await tx.query<{ handle: string; line: string }>(
    'SELECT handle, line FROM import_handles WHERE job_id = $1 AND handle = ANY($2)',
    [jobId, names.filter((handle) => !fresh.has(handle))],
  );
  return new Map(earlier.rows.map(({ handle, line }) => [handle, Number(line)]));
}

/** The hashes of products' contents, by handle; without those that are not there. */
export async function hashesOf(tx: Sql, handles: readonly string[]): Promise<Map<string, Buffer | null>> {
  const text = 'SELECT handle, content_hash AS hash FROM products WHERE handle = ANY($1)';
  const { rows } = await tx.query<{ handle: string; hash: Buffer | null }>(text, [handles]);
  return new Map(rows.map(({ handle, hash }) => [handle, hash]));
}
