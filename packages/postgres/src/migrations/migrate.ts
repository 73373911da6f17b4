import type pg from 'pg';
import { applyMigration } from './apply-migration.js';
import { connect, type Log, withMigrationLock } from './connect.js';
import { isSameFile, type Migration, readMigrations } from './read-migrations.js';
import { type MigrationRecord, readRecords, renameRecord, resolveRecord } from './records.js';

export interface MigrateOptions {
  readonly url: string;
  /** The database's own migrations in Prisma's folder: `<name>/migration.sql` each. */
  readonly folder?: string;
  /**
   * Folders of packages whose tables live in this database, applied before its own. Such a migration that was applied
   * under another name (services used to copy the files) counts as applied, and its record gets the package's name.
   */
  readonly packages?: readonly string[];
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

/** A migration with the record of its being applied; undefined: it is pending. */
interface Found {
  readonly migration: Migration;
  readonly record: MigrationRecord | undefined;
}

interface Folders {
  readonly own: readonly Migration[];
  readonly ofPackages: readonly Migration[];
}

async function readFolders({ folder, packages = [] }: Pick<MigrateOptions, 'folder' | 'packages'>): Promise<Folders> {
  const ofPackages = await Promise.all(packages.map(readMigrations));
  return { own: folder === undefined ? [] : await readMigrations(folder), ofPackages: ofPackages.flat() };
}

/** All migrations in the order in which they are applied, each with its record. */
function findRecords({ own, ofPackages }: Folders, records: readonly MigrationRecord[]): Found[] {
  const applied = records.filter(isApplied);
  const byName = ({ name }: Migration) => applied.find((record) => record.migration_name === name);
  const byContent = (migration: Migration) => applied.find(({ checksum }) => isSameFile(migration, checksum));
  return [
    ...ofPackages.map((migration) => ({ migration, record: byName(migration) ?? byContent(migration) })),
    ...own.map((migration) => ({ migration, record: byName(migration) })),
  ];
}

function refuseChanged(found: readonly Found[]): void {
  const changed = found.filter(({ migration, record }) => record && !isSameFile(migration, record.checksum));
  if (changed.length === 0) return;
  throw new Error(
    `${changed.map(({ migration }) => migration.name).join(', ')}: changed after being applied to this database. ` +
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

async function applyPending(client: pg.Client, folders: Folders, log: Log): Promise<string[]> {
  const records = await readRecords(client);
  refuseUnfinished(records);
  const found = findRecords(folders, records);
  refuseChanged(found);
  const known = new Set(found.map(({ record }) => record));
  for (const record of records.filter(isApplied)) {
    if (!known.has(record)) log(`${record.migration_name} was applied by a newer release: left as it is`);
  }
  for (const { migration, record } of found) {
    if (record && record.migration_name !== migration.name) await renameRecord(client, record.id, migration.name);
  }
  const pending = found.filter(({ record }) => !record).map(({ migration }) => migration);
  for (const migration of pending) {
    const started = performance.now();
    await applyMigration(client, migration);
    log(`applied ${migration.name} in ${Math.round(performance.now() - started)} ms`);
  }
  return pending.map(({ name }) => name);
}

const isApplied = (record: MigrationRecord): boolean => record.finished_at !== null && record.rolled_back_at === null;

/** The names of the migrations that a database still lacks. Changes nothing, not even an empty database. */
export async function pendingMigrations({
  url,
  ...options
}: Pick<MigrateOptions, 'url' | 'folder' | 'packages'>): Promise<string[]> {
  const folders = await readFolders(options);
  const client = await connect(url, () => undefined);
  try {
    const { rows } = await client.query(`SELECT to_regclass('_prisma_migrations') IS NULL AS missing`);
    const records = (rows[0] as { missing: boolean }).missing ? [] : await readRecords(client);
    return findRecords(folders, records).flatMap(({ migration, record }) => (record ? [] : [migration.name]));
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
  packages,
  log = () => undefined,
  resolve: decision,
}: MigrateOptions): Promise<string[]> {
  const folders = await readFolders({ ...(folder !== undefined && { folder }), ...(packages && { packages }) });
  const client = await connect(url, log);
  try {
    return await withMigrationLock(client, log, async () => {
      if (decision) {
        await readRecords(client);
        await resolve(client, decision);
      }
      return applyPending(client, folders, log);
    });
  } finally {
    await client.end().catch(() => undefined);
  }
}
