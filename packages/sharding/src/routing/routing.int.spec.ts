import { eventually, testEnvironment, TestProxy } from '@stoa/testing';
import { Client } from 'pg';
import type { Sql } from '@stoa/postgres';
import { KEYSPACE, makeCluster, type Cluster } from '../../test/cluster.js';
import { idIn } from '../../test/rows.js';
import { addShard } from '../directory/keyspace.js';
import { rebuildMap } from '../map/load-map.js';
import { MapClient } from '../map/map-client.js';
import { Mover } from '../moves/mover.js';
import { PooledServer } from '../../test/pooled-server.js';
import { ShardedDatabase } from './sharded-database.js';

describe('routing', () => {
  let server: string;
  let cluster: Cluster;
  let map: MapClient;
  let database: ShardedDatabase<Sql, PooledServer>;

  const openDatabase = (maxConnections = 4, retryForMs = 20_000) =>
    new ShardedDatabase<Sql, PooledServer>({
      map,
      retryForMs,
      open: (shard) => new PooledServer({ ...shard, application: 'test', maxConnections }),
    });
  const setState = (state: string, bucket: number, shard = 'a'): Promise<unknown> =>
    cluster.admin(shard, 'UPDATE sharding.bucket_owner SET state = $1 WHERE bucket = $2', [state, bucket]);
  const insert = (bucket: number, id = idIn(bucket)) =>
    database.transaction(bucket, (tx) => tx.query(`INSERT INTO customers (id, name) VALUES ($1, 'Ada')`, [id]));

  beforeEach(async () => {
    ({ STOA_TEST_POSTGRES_URL: server } = testEnvironment());
    cluster = await makeCluster([server, server]);
    // It does not poll: only a notification can reach it.
    const pollMs = 3_600_000;
    map = await MapClient.open({ keyspace: KEYSPACE, directoryUrl: cluster.serviceDirectoryUrl, pollMs });
    database = openDatabase();
  });
  afterEach(async () => {
    await database.close();
    await map.close();
  });

  it('finds the shard of each bucket', async () => {
    await insert(3);
    await insert(900);
    expect(await cluster.admin('a', 'SELECT bucket FROM customers')).toEqual([{ bucket: 3 }]);
    expect(await cluster.admin('b', 'SELECT bucket FROM customers')).toEqual([{ bucket: 900 }]);
    const text = 'SELECT bucket, name FROM customers WHERE bucket = $1';
    expect(await database.read(900, { text, values: [900] })).toEqual([{ bucket: 900, name: 'Ada' }]);
    expect(await database.read(901, { name: 'by_bucket', text, values: [901] })).toEqual([]);
  });

  it('follows a bucket that moved, with a map that does not know of it yet', async () => {
    await insert(5);
    await map.close(); // gets no notification from now on
    const mover = new Mover({ directoryUrl: cluster.directoryUrl });
    const id = await mover.planMove({ keyspace: KEYSPACE, buckets: [5], from: 'a', to: 'b' });
    expect((await mover.runMove(id)).phase).toBe('done');
    expect(map.current.placements[5]?.shard).toBe('a');
    expect(await database.read(5, { text: 'SELECT bucket FROM customers WHERE bucket = 5' })).toHaveLength(1);
    await insert(5);
    expect(map.current.placements[5]).toEqual({ shard: 'b', epoch: 2 });
    expect(await cluster.admin('b', 'SELECT bucket FROM customers')).toHaveLength(2);
  });

  it('learns of a move by notification', async () => {
    const mover = new Mover({ directoryUrl: cluster.directoryUrl });
    const id = await mover.planMove({ keyspace: KEYSPACE, buckets: [6], from: 'a', to: 'b' });
    await mover.runMove(id);
    await eventually(() => expect(map.current.placements[6]?.shard).toBe('b'));
  });

  it('waits for a fenced bucket without holding a connection', async () => {
    await database.close();
    database = openDatabase(1);
    await setState('fenced', 8);
    let done = false;
    const waiting = insert(8).then(() => (done = true));
    // The only connection of the shard serves others meanwhile.
    for (let n = 0; n < 20; n += 1) await insert(9);
    expect(done).toBe(false);
    await setState('owned', 8);
    await waiting;
  });

  const insertOver = (buckets: readonly number[], database_ = database) =>
    database_.transactionOver(buckets, async (tx) => {
      for (const bucket of buckets)
        await tx.query(`INSERT INTO customers (id, name) VALUES ($1, 'Ada')`, [idIn(bucket)]);
    });
  const rowsOf = (buckets: readonly number[]) =>
    cluster.admin('a', 'SELECT bucket FROM customers WHERE bucket = ANY ($1) ORDER BY bucket', [buckets]);

  it('writes to several buckets of a shard in one transaction, or to none of them', async () => {
    await insertOver([20, 21, 22]);
    expect(await rowsOf([20, 21, 22])).toHaveLength(3);
    await setState('fenced', 24);
    await expect(insertOver([23, 24])).rejects.toMatchObject({ code: 'SH002' });
    await setState('gone', 24);
    await expect(insertOver([23, 24])).rejects.toMatchObject({ code: 'SH001' });
    await expect(insertOver([23, 900])).rejects.toMatchObject({ code: 'SH001' });
    expect(await rowsOf([23, 24])).toEqual([]);
  });

  it('refuses several buckets at once while a mover waits for one, and holds each of them until the end', async () => {
    const mover = new Client({ connectionString: cluster.shards.get('a')?.url ?? '' });
    await mover.connect();
    const take = (bucket: number): Promise<unknown> =>
      mover.query('SELECT pg_try_advisory_xact_lock(1398034241, $1) AS got', [bucket]).then(({ rows }) => rows[0].got);
    await database.transactionOver([30, 31], async (tx) => {
      await tx.query('SELECT 1');
      expect([await take(30), await take(31), await take(32)]).toEqual([false, false, true]);
    });
    await mover.query('BEGIN');
    expect(await take(31)).toBe(true);
    await expect(insertOver([30, 31])).rejects.toMatchObject({ code: 'SH002' });
    await mover.query('ROLLBACK');
    await insertOver([30, 31]);
    await mover.end();
  });

  it('gives up at its deadline with an error that says to try again', async () => {
    await database.close();
    database = openDatabase(2, 200);
    await setState('fenced', 8);
    const error: unknown = await insert(8).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'BucketUnavailable', bucket: 8 });
    expect(database.isTransient(error)).toBe(true);
    await setState('gone', 8);
    await expect(database.read(8, { text: 'SELECT 1 AS one' })).rejects.toMatchObject({ name: 'BucketUnavailable' });
  });

  it('does not run work again for errors of its own', async () => {
    let runs = 0;
    const work = database.transaction(4, () => {
      runs += 1;
      return Promise.reject(new Error('mine'));
    });
    await expect(work).rejects.toThrow('mine');
    expect(runs).toBe(1);
  });

  it('reads nothing as absent that is elsewhere, also within a transaction that never writes', async () => {
    await setState('gone', 10);
    await database.close();
    database = openDatabase(2, 200);
    const seen = database.transaction(10, async (tx) => (await tx.query('SELECT FROM customers')).rowCount);
    await expect(seen).rejects.toMatchObject({ name: 'BucketUnavailable' });
  });

  it('goes on without the directory, and finds moved buckets by reading the shards', async () => {
    const admin = new Client({ connectionString: server });
    await admin.connect();
    await admin.query(`DROP DATABASE ${new URL(cluster.directoryUrl).pathname.slice(1)} WITH (FORCE)`);
    await admin.end();
    await insert(11);
    // A switch that only the shards have recorded.
    await setState('gone', 12);
    await cluster.admin('b', `INSERT INTO sharding.bucket_owner (bucket, state, epoch) VALUES (12, 'owned', 2)`);
    await insert(12);
    expect(map.current.placements[12]).toEqual({ shard: 'b', epoch: 2 });
    const known = new Map([...cluster.shards].map(([shard, { url }]) => [shard, url]));
    const late = await MapClient.open({
      keyspace: KEYSPACE,
      directoryUrl: cluster.serviceDirectoryUrl,
      knownShards: known,
    });
    expect(late.current.placements).toEqual(map.current.placements);
    await late.close();
  });

  it('finds a moved bucket while the directory is frozen and another shard does not respond', async () => {
    const directory = await TestProxy.open(cluster.serviceDirectoryUrl);
    const silent = await TestProxy.open(server);
    const ways = await makeCluster([server, server, server], ['a', 'b', 'c']);
    const moved = await MapClient.open({
      keyspace: KEYSPACE,
      directoryUrl: directory.through(ways.serviceDirectoryUrl),
      pollMs: 3_600_000,
    });
    const { url, adminUrl } = ways.shards.get('c') ?? { url: '', adminUrl: '' };
    await addShard(ways.directoryUrl, KEYSPACE, { name: 'c', url: silent.through(url), adminUrl });
    await eventually(() => expect(moved.current.shards.get('c')).toBe(silent.through(url)));
    directory.freeze();
    silent.freeze();
    await ways.admin('a', `UPDATE sharding.bucket_owner SET state = 'gone' WHERE bucket = 12`);
    await ways.admin('b', `INSERT INTO sharding.bucket_owner (bucket, state, epoch) VALUES (12, 'owned', 2)`);
    const ofSilent = moved.current.placements.filter((placement) => placement?.shard === 'c').length;
    await eventually(async () => expect((await moved.refresh()).placements[12]).toEqual({ shard: 'b', epoch: 2 }));
    expect(moved.current.placements.filter((placement) => placement?.shard === 'c')).toHaveLength(ofSilent);
    await Promise.all([directory.restore(), silent.restore()]);
    await moved.close();
    await Promise.all([directory.close(), silent.close()]);
  });

  it('rebuilds the map from the shards as the directory has it', async () => {
    const known = new Map([...cluster.shards].map(([shard, { url }]) => [shard, url]));
    const rebuilt = await rebuildMap(KEYSPACE, known);
    expect(rebuilt.placements).toEqual(map.current.placements);
  });
});
