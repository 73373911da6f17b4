import { eventually, testDatabase, type TestDatabase } from '@stoa/testing';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { migrate, pendingMigrations } from './migrate.js';

let database: TestDatabase;
let folder: string;
let client: Client;

async function write(name: string, sql: string): Promise<void> {
  await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, name, 'migration.sql'), sql);
}
const run = (log?: (line: string) => void) => migrate({ url: database.url, folder, ...(log && { log }) });
const records = async () => (await client.query('SELECT * FROM _prisma_migrations ORDER BY started_at')).rows;

beforeEach(async () => {
  database = await testDatabase();
  folder = await mkdtemp(join(tmpdir(), 'stoa-migrations-'));
  client = new Client({ connectionString: database.url });
  await client.connect();
  await write('001_items', 'CREATE TABLE item (id int PRIMARY KEY);\nCREATE INDEX item_id ON item (id);');
  await writeFile(join(folder, 'migration_lock.toml'), 'provider = "postgresql"');
});
afterEach(async () => {
  await client.end();
  await database.drop();
  await rm(folder, { recursive: true });
});

it('applies what is missing, in order, and records it as Prisma does', async () => {
  await write('002_names', 'ALTER TABLE item ADD COLUMN name text');
  expect(await run()).toEqual(['001_items', '002_names']);
  const rows = await records();
  expect(rows).toHaveLength(2);
  expect(rows[1]).toMatchObject({
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    migration_name: '002_names',
    checksum: createHash('sha256').update('ALTER TABLE item ADD COLUMN name text').digest('hex'),
    finished_at: expect.any(Date),
    started_at: expect.any(Date),
    rolled_back_at: null,
    logs: null,
    applied_steps_count: 1,
  });
  expect(await run()).toEqual([]);
  await write('003_prices', 'ALTER TABLE item ADD COLUMN price int');
  expect(await run()).toEqual(['003_prices']);
});

it('is applied once by many that run at once', async () => {
  // Takes until all others wait.
  await write('002_slow', 'SELECT pg_advisory_xact_lock(1)');
  await client.query('SELECT pg_advisory_lock(1)');
  const lines: string[] = [];
  const running = Promise.all([1, 2, 3, 4].map(() => run((line) => void lines.push(line))));
  await eventually(() => expect(lines.filter((line) => line.includes('waiting'))).toHaveLength(3));
  await client.query('SELECT pg_advisory_unlock(1)');
  expect((await running).flat()).toEqual(['001_items', '002_slow']);
  expect(await records()).toHaveLength(2);
});

it('names the one that failed, leaves nothing of it, and applies it once it is mended', async () => {
  await write('002_bad', 'CREATE TABLE half (id int); INSERT INTO nowhere VALUES (1);');
  await write('003_after', 'CREATE TABLE after_it (id int)');
  await expect(run()).rejects.toThrow(
    /002_bad failed: relation "nowhere" does not exist \(42P01\).*run the migrations again/,
  );
  const { rows } = await client.query(`SELECT to_regclass('half') AS half, to_regclass('after_it') AS after_it`);
  expect(rows).toEqual([{ half: null, after_it: null }]);
  expect((await records())[1]).toMatchObject({
    migration_name: '002_bad',
    finished_at: null,
    rolled_back_at: expect.any(Date),
    logs: expect.stringContaining('42P01'),
  });
  await write('002_bad', 'CREATE TABLE half (id int)');
  expect(await run()).toEqual(['002_bad', '003_after']);
  expect(await records()).toHaveLength(4);
});

it('refuses to go on when an applied file was changed', async () => {
  await run();
  await write('001_items', 'CREATE TABLE item (id bigint PRIMARY KEY);');
  await write('002_more', 'CREATE TABLE more (id int)');
  await expect(run()).rejects.toThrow(/^001_items: changed after being applied.*write a new migration/);
  expect(await records()).toHaveLength(1);
});

it('takes a file with other line ends as the same', async () => {
  await run();
  await write('001_items', 'CREATE TABLE item (id int PRIMARY KEY);\r\nCREATE INDEX item_id ON item (id);');
  expect(await run()).toEqual([]);
});

it('leaves alone what a newer release applied', async () => {
  await write('002_newer', 'CREATE TABLE newer (id int)');
  await run();
  await rm(join(folder, '002_newer'), { recursive: true });
  const lines: string[] = [];
  expect(await run((line) => void lines.push(line))).toEqual([]);
  expect(lines).toEqual(['002_newer was applied by a newer release: left as it is']);
});

describe("a package's migrations", () => {
  const TABLES = 'CREATE TABLE outbox (id int)';
  const ROOM = 'ALTER TABLE outbox SET (fillfactor = 90)';
  let ofPackage: string;

  const runBoth = (log?: (line: string) => void) =>
    migrate({ url: database.url, folder, packages: [ofPackage], ...(log && { log }) });
  const names = async (): Promise<string[]> =>
    (await records()).map(({ migration_name: name }: { migration_name: string }) => name);

  beforeEach(async () => {
    ofPackage = await mkdtemp(join(tmpdir(), 'stoa-migrations-'));
    for (const [name, sql] of [
      ['001_tables', TABLES],
      ['002_tables_room', ROOM],
    ] as const) {
      await mkdir(join(ofPackage, name));
      await writeFile(join(ofPackage, name, 'migration.sql'), sql);
    }
  });
  afterEach(() => rm(ofPackage, { recursive: true }));

  it("come before the database's own, and need none", async () => {
    await write('002_uses_it', 'ALTER TABLE outbox ADD COLUMN item int REFERENCES item (id)');
    expect(await pendingMigrations({ url: database.url, folder, packages: [ofPackage] })).toHaveLength(4);
    expect(await runBoth()).toEqual(['001_tables', '002_tables_room', '001_items', '002_uses_it']);
    expect(await runBoth()).toEqual([]);
    expect(await migrate({ url: database.url, packages: [ofPackage] })).toEqual([]);
  });

  it('are known where a service applied its copies of them, under whatever names', async () => {
    await write('001_tables', TABLES);
    await write('004_room', ROOM);
    expect(await run()).toEqual(['001_items', '001_tables', '004_room']);
    const before = await records();
    await rm(join(folder, '001_tables'), { recursive: true });
    await rm(join(folder, '004_room'), { recursive: true });
    expect(await pendingMigrations({ url: database.url, folder, packages: [ofPackage] })).toEqual([]);
    const lines: string[] = [];
    expect(await runBoth((line) => void lines.push(line))).toEqual([]);
    expect(lines).toEqual([]);
    expect(await names()).toEqual(['001_items', '001_tables', '002_tables_room']);
    const checksums = (rows: { checksum: string }[]): string[] => rows.map(({ checksum }) => checksum);
    expect(checksums(await records())).toEqual(checksums(before));
  });

  it('are refused when they were changed after being applied', async () => {
    await runBoth();
    await writeFile(join(ofPackage, '001_tables', 'migration.sql'), `${TABLES};`);
    await expect(runBoth()).rejects.toThrow(/^001_tables: changed after being applied/);
  });
});

describe('what cannot be in a transaction', () => {
  it('runs by itself', async () => {
    await write('002_index', 'CREATE INDEX CONCURRENTLY item_again ON item (id)');
    expect(await run()).toEqual(['001_items', '002_index']);
  });

  it('waits for an operator when it failed half-way', async () => {
    await write('002_index', 'CREATE UNIQUE INDEX CONCURRENTLY item_again ON nowhere (id)');
    await expect(run()).rejects.toThrow(/002_index failed.*--rolled-back 002_index.*--applied 002_index/);
    await expect(run()).rejects.toThrow(/002_index failed half-way before/);
    await write('002_index', 'CREATE INDEX CONCURRENTLY item_again ON item (id)');
    const resolve = { name: '002_index', as: 'rolled-back' } as const;
    expect(await migrate({ url: database.url, folder, resolve })).toEqual(['002_index']);
    await expect(migrate({ url: database.url, folder, resolve })).rejects.toThrow(
      'No migration 002_index failed half-way',
    );
  });

  it('can be called applied', async () => {
    await write('002_index', 'CREATE UNIQUE INDEX CONCURRENTLY item_again ON nowhere (id)');
    await expect(run()).rejects.toThrow('002_index');
    const resolve = { name: '002_index', as: 'applied' } as const;
    expect(await migrate({ url: database.url, folder, resolve })).toEqual([]);
  });
});

it('leaves no trace of one whose process died in the middle', async () => {
  await write('002_slow', 'CREATE TABLE half (id int); SELECT pg_sleep(10)');
  const dying = run().catch((error: unknown) => error);
  await eventually(async () => {
    const { rowCount } = await client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE 'CREATE TABLE half%' AND wait_event = 'PgSleep'`,
    );
    expect(rowCount).toBe(1);
  });
  expect(String(await dying)).toContain('002_slow failed');
  await write('002_slow', 'CREATE TABLE half (id int)');
  expect(await run()).toEqual(['002_slow']);
});

it('says what is missing', async () => {
  await mkdir(join(folder, '002_empty'));
  await expect(run()).rejects.toThrow(/002_empty can't be read/);
  await expect(migrate({ url: database.url, folder: '/nowhere' })).rejects.toThrow(
    'no folder of migrations at /nowhere',
  );
  const url = new URL(database.url);
  url.pathname = '/none';
  url.password = 'hunter2';
  const error: unknown = await migrate({ url: url.href, folder: join(folder, '..') }).catch((e: unknown) => e);
  expect(String(error)).not.toContain('hunter2');
});
