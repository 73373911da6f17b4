import type pg from 'pg';
import { codeOf } from '../errors/errors.js';
import type { Migration } from './read-migrations.js';
import { recordFailure, recordFinish, recordStart } from './records.js';

/** Marks of a file that Postgres won't run inside a transaction, or that ends one itself. */
const OWN_TRANSACTION = /\bCONCURRENTLY\b|^\s*(BEGIN|COMMIT|START TRANSACTION)\s*;|^\s*VACUUM\b/im;

function explain({ name }: Migration, error: unknown, advice: string): Error {
  const reason = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  return new Error(`The migration ${name} failed: ${reason}${code ? ` (${code})` : ''}. ${advice}`, { cause: error });
}

function logsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const details = ['detail', 'hint', 'where', 'position'].flatMap((name) => {
    const value: unknown = (error as unknown as Record<string, unknown>)[name];
    return typeof value === 'string' ? [`${name}: ${value}`] : [];
  });
  return [`${codeOf(error) ?? ''} ${error.message}`.trim(), ...details].join('\n');
}

/** The file and its record are one transaction, so that the record is true whatever happens. */
async function applyInTransaction(client: pg.Client, migration: Migration): Promise<void> {
  try {
    await client.query('BEGIN');
    const id = await recordStart(client, migration);
    await client.query(migration.sql);
    await recordFinish(client, id);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    const id = await recordStart(client, migration).catch(() => undefined);
    if (id) await recordFailure(client, id, logsOf(error), true);
    throw explain(migration, error, 'It was rolled back; mend it and run the migrations again');
  }
}

async function applyByItself(client: pg.Client, migration: Migration): Promise<void> {
  const id = await recordStart(client, migration);
  try {
    await client.query(migration.sql);
    await recordFinish(client, id);
  } catch (error) {
    await recordFailure(client, id, logsOf(error), false).catch(() => undefined);
    throw explain(
      migration,
      error,
      'It runs outside of a transaction, so a part of it may be there: look, then run the migrations with ' +
        `--rolled-back ${migration.name} to try it again, or with --applied ${migration.name}`,
    );
  }
}

/**
 * Runs one migration and records it as Prisma does.
 * @throws Error that names it and says what to do; the failure is recorded too.
 */
export const applyMigration = (client: pg.Client, migration: Migration): Promise<void> =>
  OWN_TRANSACTION.test(migration.sql) ? applyByItself(client, migration) : applyInTransaction(client, migration);
