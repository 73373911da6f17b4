import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testDatabase, testEnvironment, uniqueName, type TestDatabase } from '@stoa/testing';
import { Client } from 'pg';
import { repoRoot } from '../state-dir/paths.js';
import { asSuperuser } from './databases.js';
import { ensureShard, shardServers } from './sharding.js';

describe('which shard servers run', () => {
  let directory: TestDatabase;
  let client: Client;
  let stateDir: string;

  beforeAll(async () => {
    directory = await testDatabase();
    client = new Client({ connectionString: directory.url });
    await client.connect();
    stateDir = await mkdtemp(join(tmpdir(), 'stoa-shards-'));
  });
  afterAll(async () => {
    await client.end();
    await directory.drop();
    await rm(stateDir, { recursive: true });
  });

  const all = (asked?: number): Promise<Map<string, string[]>> =>
    shardServers(
      { adminUrl: directory.url, urlFor: () => '' },
      { keyspaces: ['cart', 'wishes'], usual: 2, ...(asked === undefined ? {} : { asked }) },
      stateDir,
    );
  const servers = async (asked?: number): Promise<string[] | undefined> => (await all(asked)).get('cart');

  it('are the usual number before there is a map, or as many as asked for', async () => {
    expect(await servers()).toEqual(['shard1', 'shard2']);
    expect(await servers(1)).toEqual(['shard1']);
  });

  it('are the usual number while a first start was cut short before any bucket was given out', async () => {
    await client.query(await readFile(join(repoRoot, 'packages/sharding/sql/directory.sql'), 'utf8'));
    await client.query(`INSERT INTO sharding.keyspaces VALUES ('cart')`);
    await client.query(`INSERT INTO sharding.shards VALUES ('cart', 'shard1', 'url', 'url')`);
    await mkdir(join(stateDir, 'data', 'postgres-shard1'), { recursive: true });
    expect(await servers()).toEqual(['shard1', 'shard2']);
  });

  it('are those of the map later, and more when asked for, but never fewer', async () => {
    for (const shard of ['shard1', 'shard2', 'shard3', 'remote']) {
      if (shard !== 'shard1')
        await client.query(`INSERT INTO sharding.shards VALUES ('cart', $1, 'url', 'url')`, [shard]);
      // A shard that was added by its URL has no data here.
      if (shard !== 'remote') await mkdir(join(stateDir, 'data', `postgres-${shard}`), { recursive: true });
    }
    await client.query(`INSERT INTO sharding.bucket_map (keyspace, bucket, shard)
      SELECT 'cart', n, CASE n % 3 WHEN 0 THEN 'shard1' WHEN 1 THEN 'shard2' ELSE 'remote' END FROM generate_series(0, 8) AS n`);
    expect(await servers()).toEqual(['shard1', 'shard2', 'shard3']);
    // A keyspace of a later release goes where the others are.
    expect((await all()).get('wishes')).toEqual(['shard1', 'shard2', 'shard3']);
    expect(await servers(4)).toEqual(['shard1', 'shard2', 'shard3', 'shard4']);
    await expect(servers(1)).rejects.toThrow(
      '--shards 1 leaves out shard2, which holds 3 buckets of cart: start with it, and take it out by npm run shards -- drain shard2',
    );
    await expect(servers(2)).rejects.toThrow('shard3, which belongs to the shards of cart: start with it');
  });
});

it('refuses data of a release that knew no shards', async () => {
  const [name, server] = [uniqueName('old').replaceAll('-', '_'), testEnvironment().STOA_TEST_POSTGRES_URL];
  await asSuperuser(server, async (client) => {
    await client.query(`CREATE ROLE ${name}`);
    await client.query(`CREATE DATABASE ${name} OWNER ${name}`);
  });
  try {
    await expect(ensureShard('shard1', server, [name], 'secret')).rejects.toThrow('npm run reset drops them');
  } finally {
    await asSuperuser(server, async (client) => {
      await client.query(`DROP DATABASE ${name}`);
      await client.query(`DROP ROLE ${name}`);
    });
  }
});
