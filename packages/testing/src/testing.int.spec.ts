import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { eventually, testDatabase, testRedis, uniqueName, untilAvailable } from './index.js';

async function rows(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('testDatabase', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stoa-migrations-'));
    for (const [name, sql] of [
      ['002_more', 'ALTER TABLE thing ADD COLUMN size int; INSERT INTO thing VALUES (1, 2);'],
      ['001_first', `CREATE TABLE thing (id int PRIMARY KEY); -- ${uniqueName('content')}`],
    ] as const) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'migration.sql'), sql);
    }
  });

  afterAll(() => rm(folder, { recursive: true }));

  it('gives each caller a database of its own with the migrations applied in order, also when many ask at once', async () => {
    const databases = await Promise.all(Array.from({ length: 6 }, () => testDatabase({ migrations: folder })));
    await rows(databases[0]!.url, 'INSERT INTO thing VALUES (7, 7)');
    const seen = await Promise.all(databases.map(({ url }) => rows(url, 'SELECT id, size FROM thing ORDER BY id')));
    expect(seen[0]).toEqual([
      { id: 1, size: 2 },
      { id: 7, size: 7 },
    ]);
    for (const other of seen.slice(1)) expect(other).toEqual([{ id: 1, size: 2 }]);
    await Promise.all(databases.map((database) => database.drop()));
  });

  it('builds another template when a migration changes', async () => {
    const first = await testDatabase({ migrations: folder });
    const changed = await mkdtemp(join(tmpdir(), 'stoa-migrations-'));
    await cp(folder, changed, { recursive: true });
    await writeFile(join(changed, '002_more/migration.sql'), 'ALTER TABLE thing ADD COLUMN colour text;');
    const second = await testDatabase({ migrations: changed });
    await expect(rows(second.url, 'SELECT colour FROM thing')).resolves.toEqual([]);
    await expect(rows(first.url, 'SELECT colour FROM thing')).rejects.toThrow('colour');
    await Promise.all([first.drop(), second.drop(), rm(changed, { recursive: true })]);
  });

  it('says which migration is broken', async () => {
    const broken = await mkdtemp(join(tmpdir(), 'stoa-migrations-'));
    await mkdir(join(broken, '001_bad'));
    await writeFile(join(broken, '001_bad/migration.sql'), `CREATE TABEL x (); -- ${uniqueName('content')}`);
    await expect(testDatabase({ migrations: broken })).rejects.toThrow('001_bad');
    await rm(broken, { recursive: true });
  });

  it('drops a database although somebody is connected and a replication slot was left', async () => {
    const database = await testDatabase();
    const slot = uniqueName('slot').replaceAll('-', '_');
    await rows(database.url, `SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
    const client = new Client({ connectionString: database.url });
    client.on('error', () => undefined);
    await client.connect();
    await database.drop();
    await client.end();
    await expect(rows(database.url, 'SELECT 1')).rejects.toThrow('does not exist');
  });
});

describe('testRedis', () => {
  it('gives databases that do not see each other', async () => {
    const [first, second] = await Promise.all([testRedis(), testRedis()]);
    expect(first.url).toMatch(/^redis:\/\/.+\/\d+$/);
    expect(first.url).not.toBe(second.url);
  });
});

describe('eventually', () => {
  it('returns the first value that does not throw', async () => {
    let calls = 0;
    const value = await eventually(() => {
      if (++calls < 3) throw new Error('not yet');
      return calls;
    });
    expect(value).toBe(3);
  });

  it('throws the last failure once the time is up', async () => {
    const never = (): never => {
      throw new Error('never');
    };
    await expect(eventually(never, { timeoutMs: 60, everyMs: 5 })).rejects.toThrow('never');
  });

  it('throws at once what nothing comes after; a service that is unavailable is called again', async () => {
    const codes = ['UNAVAILABLE', 'UNAVAILABLE', 'NOT_FOUND', 'UNAVAILABLE'];
    const ask = (): Promise<never> => {
      const code = codes.shift() ?? 'asked too often';
      return Promise.reject(Object.assign(new Error(code), { code }));
    };
    await expect(untilAvailable(ask)).rejects.toThrow('NOT_FOUND');
    expect(codes).toEqual(['UNAVAILABLE']);
  });
});
