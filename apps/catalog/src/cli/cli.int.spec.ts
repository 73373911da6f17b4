import { messagingMigrations } from '@stoa/messaging';
import {
  startClone,
  testDatabase,
  uniqueName,
  type Clone,
  type TestDatabase,
  type TestDatabaseOptions,
} from '@stoa/testing';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { Client } from 'pg';

const OPERATOR = { STOA_OPERATOR_EMAIL: 'operator@stoa.test', STOA_OPERATOR_PASSWORD: 'a password only for tests' };
const clones: Clone[] = [];
const databases: TestDatabase[] = [];
let url: string;
let dir: string;

async function start(app: string, env: Record<string, string> = {}): Promise<Clone> {
  const own = `apps/${app}/prisma/migrations`;
  const database = await newDatabase({ migrations: app === 'gateway' ? own : [messagingMigrations, own] });
  return startOn(app, { ...env, [`${app.toUpperCase()}_DATABASE_URL`]: database.url });
}

async function newDatabase(options?: TestDatabaseOptions): Promise<TestDatabase> {
  const database = await testDatabase(options);
  databases.push(database);
  return database;
}

async function startOn(app: string, env: Record<string, string>): Promise<Clone> {
  const clone = await startClone(app, { env });
  clones.push(clone);
  return clone;
}

const role = uniqueName('profile').replaceAll('-', '_');

async function asOwner(databaseUrl: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(statement);
  await client.end();
}

/** The service that knows operators, with one shard for each of its keyspaces, as its own migrations make them. */
async function startProfile(env: Record<string, string>): Promise<Clone> {
  const asRole = (ownerUrl: string): string => ownerUrl.replace(/\/\/[^@]*@/, `//${role}:secret@`);
  const [directory, profile, lookup] = [await newDatabase(), await newDatabase(), await newDatabase()];
  await asOwner(directory.url, `CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
  const shard = ({ url: adminUrl }: TestDatabase): string =>
    JSON.stringify([{ name: 'shard1', url: asRole(adminUrl), adminUrl }]);
  const map = { DIRECTORY_ADMIN_URL: directory.url, DIRECTORY_URL: asRole(directory.url) };
  const { NODE_OPTIONS: _jest, ...own } = process.env;
  await promisify(execFile)(process.execPath, [join(import.meta.dirname, '../../../profile/dist/migrate.js')], {
    env: { ...own, ...map, PROFILE_SHARDS: shard(profile), LOOKUP_SHARDS: shard(lookup) },
  });
  return startOn('profile', { ...env, DIRECTORY_URL: map.DIRECTORY_URL });
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'stoa-cli-'));
  const env = { KAFKA_TOPIC_PREFIX: `${uniqueName('cli')}.`, KAFKA_PARTITIONS: '2', ...OPERATOR };
  await Promise.all([start('catalog', env), startProfile({ ...env, OWNER_SECOND_FACTOR: 'off' })]);
  const gateway = await start('gateway', { ...env, TOKEN_KEY_SECRET: 'a secret for the keys of this test' });
  url = `http://127.0.0.1:${gateway.httpPort}`;
});

afterAll(async () => {
  await Promise.allSettled(clones.map((clone) => clone.stop()));
  const last = await testDatabase();
  await Promise.all(databases.map((database) => database.drop()));
  await asOwner(last.url, `DROP ROLE ${role}`);
  await last.drop();
  await rm(dir, { recursive: true });
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function run(args: string[], env: Record<string, string | undefined> = {}): Promise<Ended> {
  const main = join(import.meta.dirname, '../../dist/cli/main.js');
  const { NODE_OPTIONS: _jest, ...own } = process.env;
  const child = spawn(process.execPath, [main, ...args], {
    cwd: dir,
    env: { ...own, ...OPERATOR, STOA_URL: url, ...env },
  });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  // A step that takes more than five seconds says how far it is.
  return { code: code as number | null, out, err: err.replaceAll(/^.*: (sending|importing) \d+ %.*\n/gm, '') };
}

const file = async (name: string, content: string | Buffer): Promise<string> => {
  await writeFile(join(dir, name), content);
  return name;
};

const fixture = join(import.meta.dirname, '../../test/fixtures/home-and-garden.csv');
const sample = join(import.meta.dirname, '../../sample/catalog.ndjson');

it('imports files, and again without changing anything', async () => {
  const first = await run(['import', fixture, sample]);
  expect(first).toMatchObject({ code: 0, err: '' });
  expect(first.out).toMatch(/home-and-garden\.csv: 20 created, 0 changed, 0 unchanged; 0 rows refused/);
  expect(first.out).toMatch(/catalog\.ndjson: 68 created, 0 changed, 0 unchanged; 0 rows refused/);
  const again = await run(['import', fixture]);
  expect(again.out).toMatch(/0 created, 0 changed, 20 unchanged/);
  const response = await fetch(`${url}/v1/products/clay-plant-pot`);
  expect(await response.json()).toMatchObject({ title: 'Clay Plant Pot', category: 'Outdoor' });
});

it('names refused rows by file, line and column, lets the rest in, and exits with 1', async () => {
  const rows = ['Handle,Title,Variant SKU,Variant Price,Shelf', 'row-a,A,RA,5,1', 'row-b,B,RB,-5,1', 'row-c,C,RA,5,1'];
  const name = await file('wrong.csv', rows.join('\n'));
  const { code, out, err } = await run(['import', name]);
  expect(err.split('\n')).toEqual([
    'wrong.csv:1: note: Shelf: is not a column of a product CSV; it is ignored in all rows',
    'wrong.csv:3: Variant Price: is negative: "-5"',
    'wrong.csv:4: Variant SKU: is the SKU RA of another product: row-a',
    '',
  ]);
  expect(out).toMatch(/1 created, 0 changed, 0 unchanged; 2 rows refused/);
  expect(code).toBe(1);
});

it('writes the catalog to a file or to standard output, and takes it back', async () => {
  expect(await run(['export', '--format', 'shopify', '--output', 'all.csv'])).toMatchObject({ code: 0, err: '' });
  const written = await readFile(join(dir, 'all.csv'), 'utf8');
  expect(written).toContain(
    'clay-plant-pot,Clay Plant Pot,<p>Classic blown clay pot for plants</p>,Company 123,Outdoor',
  );
  const piped = await run(['export']);
  expect(
    piped.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).handle),
  ).toContain('stoneware-mug');
  const back = await run(['import', 'all.csv', '--currency', 'EUR']);
  expect(back.out).toMatch(/0 created, 0 changed, \d+ unchanged; 0 rows refused/);
  expect(await readdir(dir)).not.toContain('all.csv.part');
});

it('says in one line why nothing was done, and exits with 2', async () => {
  const latin1 = await file('latin1.csv', Buffer.from('Handle,Title,Variant Price\na,Caf\xe9,5\n', 'latin1'));
  const columns = await file('columns.csv', 'Handle,Name\na,b\n');
  const empty = await file('empty.ndjson', '');
  const odd = await file('odd.txt', 'x');
  const cases: [string[], RegExp, Record<string, string | undefined>?][] = [
    [
      ['import', latin1],
      /^latin1\.csv: Line 2 is not UTF-8: byte 33 of the file is 0xE9 .*Save the file as UTF-8\.\n$/,
    ],
    [['import', columns], /^columns\.csv: The header \(line 1\) lacks the columns Title, Variant Price\.\n$/],
    [['import', empty], /^empty\.ndjson: The file is empty\.\n$/],
    [['import', odd], /^odd\.txt: say what it is with --format/],
    [['import', 'none.csv'], /^none\.csv can't be read/],
    [['import'], /^npm run catalog -- import/],
    [['import', columns, '--colour', 'red'], /^"--colour" is not understood/],
    [['export', '--format', 'pdf'], /^--format needs shopify or ndjson/],
    [
      ['import', columns, '--url', 'http://127.0.0.1:1'],
      /^columns\.csv: The shop at http:\/\/127\.0\.0\.1:1 can't be reached/,
    ],
    [
      ['import', columns],
      /^columns\.csv: Signing in as operator@stoa\.test failed/,
      { STOA_OPERATOR_PASSWORD: 'a wrong password' },
    ],
    [['export'], /^Set STOA_OPERATOR_EMAIL/, { STOA_OPERATOR_PASSWORD: undefined, STOA_STATE_DIR: dir }],
  ];
  for (const [args, line, env] of cases) {
    const { code, err } = await run(args, env);
    expect(err).toMatch(line);
    expect(code).toBe(2);
  }
});

it('exits with 1 where one of several files could not be imported', async () => {
  const good = await file('good.csv', 'Handle,Title,Variant Price\ngood-one,G,5\n');
  const bad = await file('bad.csv', 'Handle,Name\na,b\n');
  const { code, out } = await run(['import', bad, good]);
  expect([code, out]).toEqual([1, expect.stringMatching(/^good\.csv: 1 created/)]);
});

it('streams a file that is larger than what is sent at once', async () => {
  const rows = Array.from({ length: 6_000 }, (_, n) => `large-${n},Large ${n},"${'x'.repeat(200)}",5`);
  const name = await file('large.csv', `Handle,Title,Body (HTML),Variant Price\n${rows.join('\n')}\n`);
  const { code, out } = await run(['import', name]);
  expect([code, out]).toEqual([0, expect.stringMatching(/^large\.csv: 6,000 created/)]);
});
