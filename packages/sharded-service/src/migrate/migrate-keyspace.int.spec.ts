import { bucketsByShard } from '@stoa/sharding/testing';
import { MapClient, withoutMoves } from '@stoa/sharding';
import { eventually, testDatabase, type TestDatabase } from '@stoa/testing';
import { Client } from 'pg';
import { notesKeyspace, type Notes } from '../../test/notes.js';
import { testKeyspaces, type TestKeyspaces } from '../testing/test-keyspaces.js';
import { migrateKeyspace } from './migrate-keyspace.js';
import { migrateKeyspacesFromEnvironment } from './run-keyspace-migrations.js';

describe('migrations of a keyspace', () => {
  let notes: Notes;
  let data: TestKeyspaces;
  let spare: TestDatabase;
  const shard = (name: string) => data.shards.get('notes')?.find((each) => each.name === name);
  const migrate = (log?: (line: string) => void): Promise<number> =>
    migrateKeyspace({ keyspace: notes.keyspace, directoryAdminUrl: data.directoryAdminUrl, ...(log && { log }) });
  const columns = (): Promise<{ shard: string; column: string }[]> =>
    data.rows(
      'notes',
      `SELECT shard, column_name AS column FROM information_schema.columns, sharding.identity
       WHERE table_name = 'notes' AND ordinal_position > 3 ORDER BY 1, 2`,
    );

  beforeEach(async () => {
    notes = await notesKeyspace();
    data = await testKeyspaces([notes.keyspace]);
    spare = await testDatabase();
  });
  afterEach(async () => {
    await spare.drop();
    await data.drop();
    await notes.remove();
  });

  it('reach every shard once, however many run at once', async () => {
    await notes.addMigration('003_colour', 'ALTER TABLE notes ADD COLUMN colour text');
    const applied = await Promise.all([migrate(), migrate(), migrate()]);
    expect(applied.reduce((sum, count) => sum + count, 0)).toBe(2);
    expect(await columns()).toEqual([
      { shard: 'shard1', column: 'colour' },
      { shard: 'shard2', column: 'colour' },
    ]);
    expect(await migrate()).toBe(0);
  });

  it('name the shard that failed and say how the others are; the next run finishes', async () => {
    await data.rows('notes', `INSERT INTO words VALUES ('twice')`);
    const other = new Client({ connectionString: shard('shard2')?.adminUrl ?? '' });
    await other.connect();
    await other.query('CREATE TABLE tags (tag text)');
    await notes.addMigration('003_tags', 'CREATE TABLE tags (tag text)');
    await expect(migrate()).rejects.toThrow(
      /^shard2: The migration 003_tags failed: relation "tags" already exists .* \| shard1: up to date$/,
    );
    await other.query('DROP TABLE tags');
    await other.end();
    expect(await migrate()).toBe(1);
  });

  it('wait for a move that is under way, and hold up nobody where there is nothing to do', async () => {
    const lines: string[] = [];
    let moved = false;
    const move = withoutMoves(data.directoryAdminUrl, 'notes', async () => {
      expect(await migrate((line) => lines.push(line))).toBe(0);
      expect(lines).toEqual([]);
      await notes.addMigration('003_colour', 'ALTER TABLE notes ADD COLUMN colour text');
      const migrating = migrate((line) => lines.push(line));
      await eventually(() => expect(lines).toEqual(['waiting for the moves of notes under way to end']));
      expect(await columns()).toEqual([]);
      moved = true;
      return { migrating };
    });
    const { migrating } = await move;
    expect(await migrating).toBe(2);
    expect(moved).toBe(true);
  });

  it('put the tables under the fence, for a role that may only do what a service needs', async () => {
    const client = new Client({ connectionString: shard('shard1')?.url ?? '' });
    await client.connect();
    await client.query(`INSERT INTO words VALUES ('a')`);
    const attempt = (text: string): Promise<string> =>
      client.query(text).then(
        () => 'done',
        (error: Error) => error.message,
      );
    expect(await attempt('TRUNCATE notes')).toMatch('permission denied');
    expect(await attempt('SET session_replication_role = replica')).toMatch('permission denied');
    expect(await attempt('ALTER TABLE notes DISABLE TRIGGER ALL')).toMatch('must be owner');
    expect(await attempt('INSERT INTO forgotten VALUES (1)')).toMatch('permission denied');
    // Owners on shard2 are not here.
    const there: string[] = [];
    for (let n = 0; n < 20; n++) there.push(await attempt(`INSERT INTO notes (owner, note) VALUES ('owner ${n}', '')`));
    await client.end();
    expect(there.filter((outcome) => outcome === 'done').length).toBeGreaterThan(0);
    expect(there.filter((outcome) => /^bucket \d+ is not here$/.test(outcome)).length).toBeGreaterThan(0);
  });

  it("let a service see its own shards' URLs, and no other service's nor a mover's", async () => {
    const owner = new Client({ connectionString: data.directoryAdminUrl });
    await owner.connect();
    await owner.query(`INSERT INTO sharding.keyspaces VALUES ('letters')`);
    await owner.query(`INSERT INTO sharding.shards VALUES ('letters', 'shard1', 'secret', 'secret')`);
    await owner.end();
    const client = new Client({ connectionString: data.directoryUrl });
    await client.connect();
    const { rows } = await client.query('SELECT DISTINCT keyspace FROM sharding.shards');
    const movers = client.query('SELECT admin_url FROM sharding.shards');
    await expect(movers).rejects.toThrow('permission denied');
    await client.end();
    expect(rows).toEqual([{ keyspace: 'notes' }]);
  });

  it('add a shard, which gets no bucket by itself', async () => {
    const first = shard('shard1');
    const { username, password } = new URL(first?.url ?? '');
    const url = new URL(spare.url);
    Object.assign(url, { username, password });
    const env = {
      DIRECTORY_ADMIN_URL: data.directoryAdminUrl,
      NOTES_SHARDS: JSON.stringify([{ name: 'shard3', url: url.href, adminUrl: spare.url }]),
    };
    await migrateKeyspacesFromEnvironment([notes.keyspace], { env, args: [] });
    const map = await MapClient.open({ keyspace: 'notes', directoryUrl: data.directoryUrl });
    await map.close();
    expect([...map.current.shards.keys()].toSorted()).toEqual(['shard1', 'shard2', 'shard3']);
    expect([...bucketsByShard(map.current)].map(([name, buckets]) => [name, buckets.length])).toEqual([
      ['shard1', 512],
      ['shard2', 512],
    ]);
  });

  it.each([
    ['[{"name":"shard3"', 'it is not JSON'],
    ['[]', 'Too small'],
    ['[{"name":"Shard 3","url":"postgres://u:geheim@h/d","adminUrl":"x"}]', '0.name lower case letters'],
  ])('refuse %s without showing what may be secret', async (list, problem) => {
    const env = { DIRECTORY_ADMIN_URL: data.directoryAdminUrl, NOTES_SHARDS: list };
    const migrating = migrateKeyspacesFromEnvironment([notes.keyspace], { env, args: [] });
    await expect(migrating).rejects.toThrow(problem);
    await expect(migrating).rejects.not.toThrow('geheim');
  });
});
