import type pg from 'pg';
import { applyMigration } from './apply-migration.js';
import { connect, type Log, withMigrationLock } from './connect.js';
import { isSameFile, type Migration, readMigrations } from './read-migrations.js';
import { type MigrationRecord, readRecords, resolveRecord } from './records.js';

export interface MigrateOptions {
  readonly url: string;
  /** Prisma's folder: `<name>/migration.sql` each. */
  readonly folder: string;
  /** Gets a line per step; silent if not given. */
  readonly log?: Log;
  /** An operator's decision about a migration that failed half-way. */
  readonly resolve?: {
    readonly name: string;
    readonly as: 'applied' | 'rolled-back';
    /** Accepts a database where it did not fail: of several that are migrated together, one may have failed. */
    readonly ifFailed?: boolean;
  };
}

function refuseChanged(migrations: readonly Migration[], applied: ReadonlyMap<string, MigrationRecord>): void {
  const changed = migrations
    .filter(({ name }) => applied.has(name))
    .filter((migration) => {
      const record = applied.get(migration.name);
      return record !== undefined && !isSameFile(migration, record.checksum);
    });
  if (changed.length === 0) return;
  throw new Error(
    `${changed.map(({ name }) => name).join(', ')}: changed after being applied to this database. ` +
      'Put the file back as it was, and write a new migration for the change',
  );
}

function refuseUnfinished(records: readonly MigrationRecord[]): void {
  const unfinished = records.find((record) => record.finished_at === null && record.rolled_back_at === null);
  if (!unfinished) return;
  const { migration_name: name, logs } = unfinished;
  throw new Error(
    `The migration ${name} failed half-way before${logs ? `: ${logs}` : ''}. Look what of it is there, then run the ` +
      `migrations with --rolled-back ${name} to try it again, or with --applied ${name}`,
  );
}

async function resolve(
  client: pg.Client,
  { name, as, ifFailed = false }: NonNullable<MigrateOptions['resolve']>,
): Promise<void> {
  if ((await resolveRecord(client, name, as)) === 0 && !ifFailed)
    throw new Error(`No migration ${name} failed half-way here`);
}

async function applyPending(client: pg.Client, migrations: readonly Migration[], log: Log): Promise<string[]> {
  const records = await readRecords(client);
  refuseUnfinished(records);
  const applied = new Map(records.filter(isApplied).map((record) => [record.migration_name, record]));
  refuseChanged(migrations, applied);
  const known = new Set(migrations.map(({ name }) => name));
  for (const name of applied.keys()) {
    if (!known.has(name)) log(`${name} was applied by a newer release: left as it is`);
  }
  const pending = migrations.filter(({ name }) => !applied.has(name));
  for (const migration of pending) {
    const started = performance.now();
    await applyMigration(client, migration);
    log(`applied ${migration.name} in ${Math.round(performance.now() - started)} ms`);
  }
  return pending.map(({ name }) => name);
}

const isApplied = (record: MigrationRecord): boolean => record.finished_at !== null && record.rolled_back_at === null;

/** The names of the migrations that a database still lacks. Changes nothing, not even an empty database. */
export async function pendingMigrations({ url, folder }: Pick<MigrateOptions, 'url' | 'folder'>): Promise<string[]> {
  const migrations = await readMigrations(folder);
  const client = await connect(url, () => undefined);
  try {
    const { rows } = await client.query(`SELECT to_regclass('_prisma_migrations') IS NULL AS missing`);
    const records = (rows[0] as { missing: boolean }).missing ? [] : await readRecords(client);
    const applied = new Set(records.filter(isApplied).map((record) => record.migration_name));
    return migrations.map(({ name }) => name).filter((name) => !applied.has(name));
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Brings a database to the newest migration. Safe when several run at once: one works, the others wait and find nothing
 * to do. Writes `_prisma_migrations` as Prisma does, so that `prisma migrate status` and `deploy` agree.
 * @returns the names of the migrations that it applied.
 * @throws Error that names the migration that failed, was changed after it was applied, or waits for an operator.
 */
export async function migrate({
  url,
  folder,
  log = () => undefined,
  resolve: decision,
}: MigrateOptions): Promise<string[]> {
  const migrations = await readMigrations(folder);
  const client = await connect(url, log);
  try {
    return await withMigrationLock(client, log, async () => {
      if (decision) {
        await readRecords(client);
        await resolve(client, decision);
      }
      return applyPending(client, migrations, log);
    });
  } finally {
    await client.end().catch(() => undefined);
  }
}
