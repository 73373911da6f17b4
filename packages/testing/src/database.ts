import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { testEnvironment } from './environment.js';

export interface TestDatabaseOptions {
  /** Folders of migrations (NNN_name/migration.sql): one after the other, each in the order of its names. */
  migrations?: string | readonly string[];
}

export interface TestDatabase {
  url: string;
  /** Removes it, cutting off whoever is still connected. */
  drop(): Promise<void>;
}

/**
 * Makes an empty database of a random name for one test file. Given migrations, it is copied from a template that the
 * first test with the same migrations builds: a copy costs far less than running them again.
 */
export async function testDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const name = `t_${randomBytes(8).toString('hex')}`;
  await withClient('postgres', async (admin) => {
    const template = options.migrations ? await templateOf(admin, [options.migrations].flat()) : 'template0';
    await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  });
  return { url: urlOf(name), drop: () => withClient('postgres', (admin) => drop(admin, name)) };
}

async function templateOf(admin: Client, folders: readonly string[]): Promise<string> {
  const migrations = (await Promise.all(folders.map(readMigrations))).flat();
  const hash = createHash('sha256').update(JSON.stringify(migrations)).digest();
  const name = `template_${hash.toString('hex', 0, 10)}`;
  const lock = hash.readBigInt64BE(0).toString();
  await admin.query('SELECT pg_advisory_lock($1)', [lock]);
  try {
    const { rowCount } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await buildTemplate(admin, name, migrations);
    return name;
  } finally {
    await admin.query('SELECT pg_advisory_unlock($1)', [lock]);
  }
}

async function buildTemplate(admin: Client, name: string, migrations: [string, string][]): Promise<void> {
  const unfinished = `${name}_new`;
  await admin.query(`DROP DATABASE IF EXISTS ${unfinished}`);
  await admin.query(`CREATE DATABASE ${unfinished} TEMPLATE template0`);
  await withClient(unfinished, async (client) => {
    for (const [migration, sql] of migrations) {
      await client.query(sql).catch((error: unknown) => {
        throw new Error(`migration ${migration} failed`, { cause: error });
      });
    }
  });
  await admin.query(`ALTER DATABASE ${unfinished} RENAME TO ${name}`);
}

async function readMigrations(folder: string): Promise<[string, string][]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const read = async (name: string): Promise<[string, string]> => [
    name,
    await readFile(join(folder, name, 'migration.sql'), 'utf8'),
  ];
  return Promise.all(names.toSorted().map(read));
}

async function drop(admin: Client, name: string): Promise<void> {
  // A slot that a test left behind would keep the database alive, and its log with it.
  await admin.query(
    `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = $1 AND active_pid IS NOT NULL`,
    [name],
  );
  await admin.query(
    `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = $1 AND active_pid IS NULL`,
    [name],
  );
  await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}

function urlOf(database: string): string {
  const url = new URL(testEnvironment().STOA_TEST_POSTGRES_URL);
  url.pathname = `/${database}`;
  return url.href;
}

async function withClient<T>(database: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: urlOf(database) });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
