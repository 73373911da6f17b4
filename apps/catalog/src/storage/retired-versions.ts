import type { Sql } from '@stoa/postgres';

type Kind = 'product' | 'variant';

/** Keeps the last versions of what is removed, by handle or SKU. */
export async function retire(tx: Sql, kind: Kind, versions: readonly (readonly [string, number])[]): Promise<void> {
  if (versions.length === 0) return;
  await tx.query(
    `INSERT INTO retired_versions AS old (kind, key, version)
     SELECT $1, r.key, r.version FROM unnest($2::text[], $3::int[]) AS r(key, version)
     ON CONFLICT (kind, key) DO UPDATE SET version = greatest(old.version, excluded.version)`,
    [kind, versions.map(([key]) => key), versions.map(([, version]) => version)],
  );
}

interface Retired {
  readonly kind: Kind;
  readonly key: string;
  readonly version: number;
}

/**
 * Adds the versions of removed products and variants to those of the rows just inserted in their names. Behind the
 * insert, not before: the insert waits for a transaction that is removing the same name, and only then is its last
 * version here.
 */
export async function takeBackVersions(
  tx: Sql,
  handles: readonly string[],
  skus: readonly string[],
): Promise<readonly Retired[]> {
  const { rows } = await tx.query<Retired>(
    `DELETE FROM retired_versions
     WHERE (kind = 'product' AND key = ANY($1)) OR (kind = 'variant' AND key = ANY($2)) RETURNING kind, key, version`,
    [handles, skus],
  );
  await raise(
    tx,
    'products SET version = products.version + r.version',
    'handle',
    rows.filter(({ kind }) => kind === 'product'),
  );
  await raise(
    tx,
    'variants SET version = variants.version + r.version',
    'sku',
    rows.filter(({ kind }) => kind === 'variant'),
  );
  return rows;
}

async function raise(tx: Sql, assignment: string, column: string, rows: readonly Retired[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(`UPDATE ${assignment} FROM unnest($1::text[], $2::int[]) AS r(key, version) WHERE ${column} = r.key`, [
    rows.map(({ key }) => key),
    rows.map(({ version }) => version),
  ]);
}
