import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually, testDatabase, testKafkaBrokers, uniqueName, type TestDatabase } from '@stoa/testing';
import { Client } from 'pg';
import type { Letter } from '../dead-letters/client.js';
import { repoRoot } from '../state-dir/paths.js';
import { freePort } from '../machine/ports.js';
import { identityOf } from '../machine/os-processes.js';
import { startChild, type Running } from '../servers/child.js';
import { adminToken } from '../state-dir/secrets.js';
import { writeState, type ProcessRecord } from '../state-dir/state.js';

// A real service on real servers whose handler can't write at first; this process takes the place of the supervisor.
const stateDir = mkdtempSync(join(tmpdir(), 'stoa-dead-letters-'));
const logFile = join(stateDir, 'noter-1.log');
const token = adminToken(stateDir, {});

let database: TestDatabase;
let sql: Client;
let noter: Running;
let version = 0;

const commandLine = async (words: string[], env: NodeJS.ProcessEnv = {}) => {
  const { NODE_OPTIONS: _jest, ...own } = process.env;
  const main = join(repoRoot, 'infra/local/dist/main.js');
  const options = { env: { ...own, STOA_STATE_DIR: stateDir, ...env }, timeout: 60_000 };
  return promisify(execFile)(process.execPath, [main, 'dead-letters', ...words], options).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, stdout, stderr }),
  );
};

const letters = async (): Promise<(Letter & { service: string })[]> =>
  JSON.parse((await commandLine(['list', '--json'])).stdout) as (Letter & { service: string })[];

/** Waits for so many, and names the first of each key. */
const parked = async (count: number): Promise<Letter[]> =>
  eventually(async () => {
    const found = await letters();
    expect(found).toHaveLength(count);
    return found;
  });

/** Publishes as a command does: by a row of the outbox. */
async function note(id: string, text: string): Promise<void> {
  version += 1;
  const headers = { id: `event-${version}`, type: 'noted', version: String(version), v: '1' };
  await sql.query(
    `INSERT INTO outbox (bucket, topic, key, version, headers, body) VALUES (0, 'noter.events', $1, $2, $3, $4)`,
    [id, version, JSON.stringify(headers), JSON.stringify({ id, text })],
  );
}

const written = async (id: string): Promise<string[]> =>
  (await sql.query<{ text: string }>('SELECT text FROM written WHERE id = $1 ORDER BY at', [id])).rows.map(
    ({ text }) => text,
  );

async function startNoter(adminPort: number): Promise<Running> {
  return startChild({
    name: 'noter-1',
    command: process.execPath,
    args: [join(repoRoot, 'packages/service/test/noter.mjs')],
    env: {
      PATH: process.env.PATH,
      STOA_CLONE: 'noter-1',
      ADMIN_PORT: String(adminPort),
      ADMIN_TOKEN: token,
      KAFKA_BROKERS: testKafkaBrokers(),
      KAFKA_TOPIC_PREFIX: `${uniqueName('noter')}.`,
      KAFKA_PARTITIONS: '2',
      NOTER_DATABASE_URL: database.url,
    },
    cwd: repoRoot,
    logFile,
    stopSignal: 'SIGTERM',
    probe: async () => {
      const { status } = await fetch(`http://127.0.0.1:${adminPort}/health/ready`);
      if (status !== 200) throw new Error('not ready');
    },
  });
}

beforeAll(async () => {
  database = await testDatabase({ migrations: join(repoRoot, 'packages/messaging/migrations') });
  sql = new Client({ connectionString: database.url });
  await sql.connect();
  const [nobody, adminPort] = [await freePort(), await freePort()];
  noter = await startNoter(adminPort);
  const clone = (name: string, port: number, kind: ProcessRecord['kind'] = 'service'): ProcessRecord => ({
    name,
    kind,
    adminPort: port,
    state: 'running',
    restarts: 0,
  });
  // The first clone has just died: the second gets the request.
  const processes = [clone('gateway-1', nobody, 'gateway'), clone('noter-0', nobody), clone('noter-1', adminPort)];
  const identity = identityOf(process.pid) ?? '';
  writeState(stateDir, { pid: process.pid, identity, phase: 'ready', startedAt: new Date().toISOString(), processes });
});

afterAll(async () => {
  await noter?.stop();
  await sql?.end();
  await database?.drop();
  rmSync(stateDir, { recursive: true, force: true });
});

it('shows, replays and drops what a service could not handle', async () => {
  expect(await commandLine(['list'])).toEqual({ code: 0, stdout: 'There are no dead letters.\n', stderr: '' });
  await note('a', 'first of a');
  await note('a', 'second of a');
  await note('b', 'first of b');
  const found = await parked(3);
  const [first, second] = found.filter(({ key }) => key === 'a');
  const [third] = found.filter(({ key }) => key === 'b');
  if (!first || !second || !third) throw new Error('not all are parked');
  const [a1, a2, b1] = [first, second, third].map(({ id }) => `noter/${id}`) as [string, string, string];
  expect(first).toMatchObject({ service: 'noter', topic: 'noter.events', type: 'noted', attempts: 5 });
  expect(second.reason).toBeNull();
  const text = (await commandLine(['list', 'noter'])).stdout;
  expect(text).toMatch(new RegExp(`^${a1} +\\S+Z +5 +noter.events noted +a +relation "written" does not exist$`, 'm'));
  expect(text).toMatch(new RegExp(`^${a2} .* \\(waits behind another of its key\\)$`, 'm'));
  expect((await commandLine(['list', '--limit', '1'])).stdout).toContain('There are more of noter: --limit 10');

  const shown = JSON.parse((await commandLine(['show', a2])).stdout) as object;
  expect(shown).toMatchObject({ service: 'noter', body: { id: 'a', text: 'second of a' }, headers: { v: '1' } });

  const tooEarly = await commandLine(['replay', a1]);
  expect(tooEarly.code).toBe(1);
  expect(tooEarly.stdout).toContain(`${a1} failed again; it and those behind it stay parked: relation "written"`);

  await sql.query('CREATE TABLE written (id text, text text, at bigint GENERATED ALWAYS AS IDENTITY)');
  const done = await commandLine(['replay', a2]);
  expect(done).toEqual({ code: 0, stdout: 'noter: handled 2 of noter.events with the key a\n', stderr: '' });
  expect(await written('a')).toEqual(['first of a', 'second of a']);
  expect((await commandLine(['replay', a1])).stderr).toBe(
    `stoa: ${a1} is not parked (any more): npm run dead-letters -- list\n`,
  );

  expect((await commandLine(['drop', b1])).stdout).toMatch(new RegExp(`^Dropped ${b1} \\(noter.events noted of b\\)`));
  await note('b', 'second of b');
  await eventually(async () => expect(await written('b')).toEqual(['second of b']));
  expect(await letters()).toEqual([]);
  const log = readFileSync(logFile, 'utf8');
  expect(log).toMatch(/"replayed":2,"failed":null,"msg":"an operator replayed dead letters"/);
  expect(log).toContain('an operator dropped a dead letter');
});

it('replays all of a key', async () => {
  await sql.query('ALTER TABLE written RENAME TO hidden');
  await note('c d', 'first');
  await note('c d', 'second');
  await parked(2);
  await sql.query('ALTER TABLE hidden RENAME TO written');
  const { stdout } = await commandLine(['replay', '--key', 'c d', 'noter', '--json']);
  expect(JSON.parse(stdout)).toEqual([
    { service: 'noter', topic: 'noter.events', key: 'c d', replayed: 2, failed: null },
  ]);
  expect(await written('c d')).toEqual(['first', 'second']);
  expect((await commandLine(['replay', '--key', 'c d'])).stdout).toBe('Nothing of the key c d is parked.\n');
});

it('shows nothing to whoever does not have the token', async () => {
  expect((await commandLine(['list'], { ADMIN_TOKEN: 'x'.repeat(32) })).stderr).toBe(
    'stoa: noter-1 refuses: Authorization must be Bearer and the ADMIN_TOKEN of this clone\n',
  );
});

it.each([
  [[], 'say what to do'],
  [['lst'], 'there is no "lst"'],
  [['list', 'noter', 'more'], '"more" is too much'],
  [['list', '--limit', '0'], '--limit needs a whole number from 1 to 9999999, not "0"'],
  [['list', '--key', 'k'], '--key is for replay'],
  [['list', '--loud'], '"--loud" is not understood'],
  [['show'], 'show: no id is given; list shows them, such as cart/0-17'],
  [['drop', '17'], 'drop: "17" is no id; list shows them, such as cart/0-17'],
  [['replay', '--key', ''], 'replay: the key is empty'],
  [['list', 'gateway'], 'no service "gateway" runs; there are noter'],
  [['drop', 'kart/0-1'], 'no service "kart" runs; there are noter'],
])('answers %j with one line', async (words, line) => {
  const { code, stdout, stderr } = await commandLine(words);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^stoa: .*\n$/);
  expect(stderr).toContain(line);
});

it('says so when nothing runs', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'stoa-empty-'));
  expect(await commandLine(['list'], { STOA_STATE_DIR: empty })).toEqual({
    code: 1,
    stdout: '',
    stderr: 'stoa: nothing runs: npm start brings the stack up\n',
  });
  rmSync(empty, { recursive: true });
});
