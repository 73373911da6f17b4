import { eventually, testDatabase, type TestDatabase } from '@stoa/testing';
import { Client } from 'pg';
import { startKeyspace } from '../directory/keyspace.js';
import { installDirectory } from './install.js';

const NOWHERE = 'postgres://127.0.0.1:1/none';

let directory: TestDatabase;
let client: Client;

beforeEach(async () => {
  directory = await testDatabase();
  client = new Client({ connectionString: directory.url });
  await client.connect();
});
afterEach(async () => {
  await client.end();
  await directory.drop();
});

/** Waits until so many sessions of this database wait for a lock. */
const waiting = (count: number): Promise<void> =>
  eventually(async () => {
    const text = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    expect((await client.query(text)).rowCount).toBe(count);
  });

it('one service brings the directory up to date while another one fills the map', async () => {
  await installDirectory(directory.url);
  // The map is written before any shard is read.
  await client.query(`INSERT INTO sharding.keyspaces VALUES ('notes')`);
  await client.query(
    `INSERT INTO sharding.shards (keyspace, shard, url, admin_url) VALUES ('notes', 'a', 'none', $1)`,
    [NOWHERE],
  );
  await client.query(`CREATE FUNCTION hold_up() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NULL; END $$`);
  await client.query('CREATE TRIGGER hold_up BEFORE INSERT ON sharding.bucket_map EXECUTE FUNCTION hold_up()');
  await client.query('SELECT pg_advisory_lock(7)');
  const filled = startKeyspace(directory.url, 'notes', ['a']).catch((error: unknown) => String(error));
  await waiting(1);
  // As by a release that changes it: a directory that is up to date is left alone.
  await client.query('COMMENT ON TABLE sharding.keyspaces IS NULL');
  const installed = installDirectory(directory.url);
  await waiting(2);
  await client.query('SELECT pg_advisory_unlock(7)');
  await installed;
  expect(await filled).not.toContain('deadlock');
  const { rows } = await client.query('SELECT count(*)::int AS buckets FROM sharding.bucket_map');
  expect(rows).toEqual([{ buckets: 1024 }]);
});
