import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { Migration } from './read-migrations.js';

/** A row of `_prisma_migrations`. */
export interface MigrationRecord {
  readonly id: string;
  readonly migration_name: string;
  readonly checksum: string;
  readonly finished_at: Date | null;
  readonly rolled_back_at: Date | null;
  readonly logs: string | null;
}

/** The table as Prisma 7 creates it. */
const TABLE = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id                      VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum                VARCHAR(64) NOT NULL,
    finished_at             TIMESTAMPTZ,
    migration_name          VARCHAR(255) NOT NULL,
    logs                    TEXT,
    rolled_back_at          TIMESTAMPTZ,
    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count     INTEGER NOT NULL DEFAULT 0
)`;

/** The migrations that were tried on this database, oldest first. Creates the table if it is missing. */
export async function readRecords(client: pg.Client): Promise<MigrationRecord[]> {
  const { rows: found } = await client.query(`SELECT to_regclass('_prisma_migrations') AS "table"`);
  if (found[0]?.table === null) await client.query(TABLE);
  const { rows } = await client.query<MigrationRecord>(
    `SELECT id, migration_name, checksum, finished_at, rolled_back_at, logs FROM _prisma_migrations ORDER BY started_at`,
  );
  return rows;
}

/** Records that a migration begins. @returns the record's id. */
export async function recordStart(client: pg.Client, { name, checksum }: Migration): Promise<string> {
  const id = randomUUID();
  await client.query(`INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ($1, $2, $3)`, [
    id,
    checksum,
    name,
  ]);
  return id;
}

/** Gives a record the name that its migration has now. */
export async function renameRecord(client: pg.Client, id: string, name: string): Promise<void> {
  await client.query('UPDATE _prisma_migrations SET migration_name = $2 WHERE id = $1', [id, name]);
}

/** Records that a migration was applied. */
export async function recordFinish(client: pg.Client, id: string): Promise<void> {
  await client.query(
    `UPDATE _prisma_migrations SET finished_at = clock_timestamp(), applied_steps_count = applied_steps_count + 1
      WHERE id = $1`,
    [id],
  );
}

/** Records why a migration failed; `rolledBack` if nothing of it is left, so that it can be tried again as it is. */
export async function recordFailure(client: pg.Client, id: string, logs: string, rolledBack: boolean): Promise<void> {
  await client.query(
    `UPDATE _prisma_migrations SET logs = $2, rolled_back_at = CASE WHEN $3 THEN clock_timestamp() END WHERE id = $1`,
    [id, logs, rolledBack],
  );
}

/** Records an operator's decision about a migration that failed half-way. @returns how many records it changed. */
export async function resolveRecord(client: pg.Client, name: string, as: 'applied' | 'rolled-back'): Promise<number> {
  const column = as === 'applied' ? 'finished_at' : 'rolled_back_at';
  const { rowCount } = await client.query(
    `UPDATE _prisma_migrations SET ${column} = clock_timestamp()
      WHERE migration_name = $1 AND finished_at IS NULL AND rolled_back_at IS NULL`,
    [name],
  );
  return rowCount ?? 0;
}
