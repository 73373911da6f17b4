import { PostgresServers } from '@stoa/testing';
import { withSession } from '@stoa/postgres';
import { bucketOf } from '../map/bucket.js';
import { KEYSPACE, makeCluster, type Cluster } from '../../test/cluster.js';
import { fill } from '../../test/fill.js';
import { mover } from '../../test/fixtures.js';
import { makeDatabases } from './make-databases.js';
import { planAddition } from './plan-addition.js';
import { clusterStatus } from './status.js';
import { measureBuckets } from './measure-buckets.js';
import { findKeyByName, locateKey } from './locate-key.js';

let servers: PostgresServers;
let cluster: Cluster;
let directoryUrl: string;

beforeAll(async () => {
  servers = await PostgresServers.start(3);
});
beforeEach(async () => {
  cluster = await makeCluster([servers.url(0), servers.url(1)]);
  ({ directoryUrl } = cluster);
});
afterAll(() => servers.stop());

it('reports the data of each shard, and the moves under way', async () => {
  await fill(cluster, 400);
  const id = await mover(cluster).planMove({ keyspace: KEYSPACE, buckets: [1, 2], from: 'a', to: 'b' });
  const { keyspaces, shards, moves } = await clusterStatus(directoryUrl);
  expect(keyspaces).toEqual([{ keyspace: KEYSPACE, mapVersion: expect.any(Number), unplaced: 0 }]);
  expect(shards).toHaveLength(2);
  const health = { estimated: false, fenced: 0, maxConnections: 200, slots: [], rows: expect.any(Number) };
  expect(shards[0]).toMatchObject({ keyspace: KEYSPACE, shard: 'a', draining: false, buckets: 512, health });
  expect(shards.reduce((sum, shard) => sum + (shard.health?.rows ?? 0), 0)).toBe(800);
  expect(shards[0]?.health?.bytes).toBeGreaterThan(30_000);
  expect(shards[0]?.health?.connections).toBeGreaterThanOrEqual(1);
  expect(moves).toMatchObject([{ id, phase: 'planned', running: false, paused: false }]);
  expect(JSON.stringify(shards)).not.toContain('postgres://');
});

it('reports an unavailable server, and the rest all the same', async () => {
  await servers.kill(1);
  try {
    const { shards } = await clusterStatus(directoryUrl);
    expect(shards[0]).toMatchObject({ shard: 'a', problem: null, health: { fenced: 0 } });
    expect(shards[1]).toMatchObject({ shard: 'b', health: null, problem: expect.stringContaining('ECONNREFUSED') });
    const [customer = ''] = Array.from({ length: 1_000 }, (_, n) => `${n}`).filter((key) => bucketOf(key) > 511);
    expect(await locateKey(directoryUrl, customer)).toMatchObject([{ shard: 'b', state: 'unknown' }]);
  } finally {
    await servers.startAgain(1);
  }
});

it('finds the shard of a key, and a key by a name', async () => {
  const [id = ''] = await fill(cluster, 1);
  const shard = bucketOf(id) < 512 ? 'a' : 'b';
  const expected = {
    keyspace: KEYSPACE,
    bucket: bucketOf(id),
    shard,
    epoch: 1,
    state: 'owned',
    move: null,
    problem: null,
  };
  expect(await locateKey(directoryUrl, id)).toEqual([expected]);
  const lookup = { keyspace: KEYSPACE, table: 'customers', nameColumn: 'id::text', keyColumn: 'name' };
  expect(await findKeyByName(directoryUrl, lookup, id)).toBe('filled');
  expect(await findKeyByName(directoryUrl, lookup, 'nobody')).toBeUndefined();
});

it('estimates the size of a large table from a sample', async () => {
  await fill(cluster, 3_000);
  const url = cluster.shards.get('a')?.adminUrl ?? '';
  const [all, some] = await withSession({ url, server: 'a', application: 'test' }, async (session) => [
    await measureBuckets(session),
    await measureBuckets(session, 64 * 1024),
  ]);
  const sum = (weights: typeof all) =>
    [...(weights?.buckets.values() ?? [])].reduce((rows, weight) => rows + weight.rows, 0);
  expect(all?.estimated).toBe(false);
  expect(some?.estimated).toBe(true);
  expect(sum(some) / sum(all)).toBeGreaterThan(0.4);
  expect(sum(some) / sum(all)).toBeLessThan(1.8);
});

it('measures the bytes of rows, and not the space that tables keep after a purge', async () => {
  const ids = await fill(cluster, 300);
  const url = cluster.shards.get('a')?.adminUrl ?? '';
  const measure = () => withSession({ url, server: 'a', application: 'test' }, (session) => measureBuckets(session));
  const before = await measure();
  await fill(cluster, 2_000);
  expect(await measure()).not.toEqual(before);
  await cluster.admin('a', 'DELETE FROM orders WHERE NOT customer_id = ANY ($1)', [ids]);
  await cluster.admin('a', 'DELETE FROM customers WHERE NOT id = ANY ($1)', [ids]);
  expect(await measure()).toEqual(before);
});

describe('a server that is to become a shard', () => {
  const plan = (over: object = {}) => planAddition({ directoryUrl, serverUrl: servers.url(2), name: 'c', ...over });

  it('gets databases and roles like those of the other shards', async () => {
    const addition = await plan();
    expect(addition).toMatchObject({
      shard: 'c',
      databases: [{ keyspace: KEYSPACE, databaseExists: false, roleExists: false, known: false }],
    });
    await makeDatabases(addition);
    await makeDatabases(addition);
    expect(await plan()).toMatchObject({ databases: [{ databaseExists: true, roleExists: true }] });
    const { url = '' } = addition.databases[0] ?? {};
    await withSession({ url, server: 'c', application: 'test' }, (session) => session.query('SELECT 1'));
  });

  it('is refused when it is in use for something else, or is a shard already', async () => {
    const addition = await plan();
    await makeDatabases(addition);
    const { adminUrl = '' } = addition.databases[0] ?? {};
    await withSession({ url: adminUrl, server: 'c', application: 'test' }, (session) =>
      session.query('CREATE TABLE precious ()'),
    );
    await expect(plan()).rejects.toThrow(/holds 1 tables and is no shard: it belongs to something else$/);
    await expect(plan({ serverUrl: servers.url(0), name: 'd' })).rejects.toThrow(/is shop's shard a already$/);
    await expect(plan({ name: 'b' })).rejects.toThrow(/^shop has a shard b already, at 127\.0\.0\.1/);
  });

  it('is refused with a line that shows no password when its address is wrong', async () => {
    await expect(plan({ serverUrl: 'secret' })).rejects.toThrow(/^The server is no URL such as/);
    await expect(plan({ serverUrl: 'http://a:secret@b' })).rejects.toThrow(/^The server is no URL such as/);
    const refused = await plan({ serverUrl: 'postgres://postgres:secret@127.0.0.1:1' }).catch((error: unknown) =>
      String(error),
    );
    expect(refused).toMatch(/^SessionLost: No connection to 127\.0\.0\.1:1: .*ECONNREFUSED/);
    expect(refused).not.toContain('secret');
    const wrong = new URL(servers.url(2));
    wrong.password = 'secret';
    await expect(plan({ serverUrl: wrong.href })).rejects.toThrow(/password authentication failed/);
  });
});
