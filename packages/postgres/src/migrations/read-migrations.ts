import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Migration {
  /** The folder's name, by which migrations are ordered. */
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file, as Prisma records it. */
  readonly checksum: string;
}

const checksumOf = (sql: string): string => createHash('sha256').update(sql).digest('hex');

/** True when the file is the one that was applied, whatever its line ends: checkouts change them, as Prisma knows. */
export function isSameFile(migration: Migration, checksum: string): boolean {
  if (migration.checksum === checksum) return true;
  const unix = migration.sql.replaceAll('\r\n', '\n');
  return checksumOf(unix) === checksum || checksumOf(unix.replaceAll('\n', '\r\n')) === checksum;
}

async function readOne(folder: string, name: string): Promise<Migration> {
  const file = join(folder, name, 'migration.sql');
  const sql = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new Error(`The migration ${name} can't be read: ${file} is missing or not readable`, { cause: error });
  });
  return { name, sql, checksum: checksumOf(sql) };
}

/**
 * The migrations of a folder in Prisma's layout (`<name>/migration.sql`), in the order of their names.
 * @throws Error that names what is missing.
 */
export async function readMigrations(folder: string): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw new Error(`There is no folder of migrations at ${folder}`, { cause: error });
  });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(names.toSorted().map((name) => readOne(folder, name)));
}
