import { eventually, PostgresServers } from '@stoa/testing';
import { Client } from 'pg';
import { KEYSPACE, makeCluster, TABLES, type Cluster } from '../../test/cluster.js';
import { idIn } from '../../test/rows.js';
import { mover, reconcileNamed, startService, type Service } from '../../test/fixtures.js';
import { registerShard } from '../directory/keyspace.js';
import { installShard } from '../installation/install.js';
import { onDirectory } from '../directory/known-shards.js';
import { clusterStatus } from '../shards/status.js';
import { verify } from '../verification/verify.js';
import { prepareShard } from '../installation/prepare-shard.js';

// Buckets 0 to 511 are on shard a, the others on b, whose data are exchanged here.
const ON_A = 7;
const [MOVED, STAYED] = [700, 701];
const READ = 'SELECT name FROM customers WHERE bucket = $1 AND id = $2';
const REFUSED = 'was restored, or took over from another';

let servers: PostgresServers;
let cluster: Cluster;
let service: Service;

beforeAll(async () => {
  servers = await PostgresServers.start(2);
});
beforeEach(async () => {
  cluster = await makeCluster([servers.url(0), servers.url(1)]);
  service = await startService(cluster, 2_000);
});
afterEach(() => service.close());
afterAll(() => servers.stop());

const insert = async (bucket: number, name: string): Promise<string> => {
  const id = idIn(bucket);
  const text = 'INSERT INTO customers (id, name) VALUES ($1, $2)';
  await eventually(() => service.database.transaction(bucket, (tx) => tx.query(text, [id, name])));
  return id;
};
const rename = (bucket: number, id: string, name: string): Promise<unknown> =>
  service.database.transaction(bucket, (tx) => tx.query('UPDATE customers SET name = $1 WHERE id = $2', [name, id]));
const read = async (bucket: number, id: string): Promise<unknown> =>
  (await service.database.read<{ name: string }>(bucket, { text: READ, values: [bucket, id] }))[0]?.name;
const all = (): Promise<object[]> =>
  service.database
    .across({ retryForMs: 1_000 })
    .partials({ text: 'SELECT name FROM customers WHERE bucket = ANY ($1) ORDER BY name' });
const move = async (bucket: number, from: string, to: string): Promise<void> => {
  const id = await mover(cluster).planMove({ keyspace: KEYSPACE, buckets: [bucket], from, to });
  expect(await mover(cluster).runMove(id)).toMatchObject({ phase: 'done' });
};
const reconcile = (dryRun = false) => reconcileNamed(cluster, 'b', dryRun);
const problemOf = async (name: string): Promise<string | null | undefined> =>
  (await clusterStatus(cluster.directoryUrl)).shards.find(({ shard }) => shard === name)?.problem;

/** Reads and writes as code without a map does, under the service's role and under the owner's. */
async function holdDirectly(bucket: number): Promise<void> {
  const { url = '', adminUrl = '' } = cluster.shards.get('b') ?? {};
  for (const connectionString of [url, adminUrl]) {
    const client = new Client({ connectionString });
    await client.connect();
    try {
      await client.query('SELECT sharding.hold($1)', [bucket]);
    } finally {
      await client.end();
    }
  }
}

/** Retries, because a pool may have to find first that its connections are lost. */
const refuses = (name: string, work: () => Promise<unknown>): Promise<void> =>
  eventually(() => expect(work()).rejects.toMatchObject({ name }));

async function expectRefused(bucket: number, id: string): Promise<void> {
  await expect(holdDirectly(bucket)).rejects.toMatchObject({ code: 'SH002' });
  await refuses('BucketUnavailable', () => read(bucket, id));
  await refuses('BucketUnavailable', () => rename(bucket, id, 'wrong'));
  await refuses('AcrossUnavailable', all);
  // A client compares it, and it is refused all the same.
  await expect(holdDirectly(bucket)).rejects.toMatchObject({ code: 'SH002' });
  expect(await problemOf('b')).toContain(REFUSED);
  const { findings } = await verify(cluster.directoryUrl, KEYSPACE);
  expect(findings).toContainEqual(expect.objectContaining({ kind: 'history', shard: 'b' }));
  const { url = '', adminUrl = '' } = cluster.shards.get('b') ?? {};
  const entered = onDirectory(cluster.directoryUrl, (tx) => registerShard(tx, KEYSPACE, { name: 'b', url, adminUrl }));
  await expect(entered).rejects.toThrow(REFUSED);
  const id2 = await mover(cluster).planMove({ keyspace: KEYSPACE, buckets: [bucket], from: 'b', to: 'a' });
  await expect(mover(cluster).runMove(id2)).rejects.toThrow(REFUSED);
  await onDirectory(cluster.directoryUrl, async (tx) => {
    await tx.query(`UPDATE sharding.bucket_map SET move_id = NULL WHERE move_id = $1`, [id2]);
    await tx.query('DELETE FROM sharding.moves WHERE id = $1', [id2]);
  });
}

it('refuses a data folder that was copied before a move, and the one whose place it took', async () => {
  const [moved, stayed] = [await insert(MOVED, 'Ada'), await insert(STAYED, 'Bob')];
  const copy = await servers.copyOf(1);
  await move(MOVED, 'b', 'a');
  await rename(MOVED, moved, 'Ada, moved');
  // Their clone gets no notifications any more: its map may be as old as the copy.
  await service.stopFollowingDirectory();
  await servers.exchange(1, copy);
  await expectRefused(STAYED, stayed);
  expect(await eventually(() => read(MOVED, moved))).toBe('Ada, moved');

  const intended = await reconcile(true);
  expect(intended).toMatchObject({ released: [MOVED], found: expect.arrayContaining([expect.any(String)]) });
  expect(intended.found?.join()).toContain('the last 1 of its switches');
  expect(await reconcile()).toEqual(intended);
  expect(await eventually(() => read(STAYED, stayed))).toBe('Bob');
  expect(await read(MOVED, moved)).toBe('Ada, moved');
  expect(await reconcile()).toMatchObject({ released: [] });
  expect((await reconcile()).found).toBeUndefined();

  await servers.exchange(1, copy);
  await expectRefused(STAYED, stayed);
});

it('refuses a copy whose buckets moved to and fro, though the shard has what the map gives it', async () => {
  const [guest, stayed] = [await insert(ON_A, 'Ada'), await insert(STAYED, 'Bob')];
  const copy = await servers.copyOf(1);
  await eventually(() => rename(STAYED, stayed, 'Bob, later'));
  await move(ON_A, 'a', 'b');
  await move(ON_A, 'b', 'a');
  await servers.exchange(1, copy);
  await expectRefused(STAYED, stayed);
  expect(await eventually(() => read(ON_A, guest))).toBe('Ada');
});

it('refuses a copy that lacks a bucket, and does not reconcile it', async () => {
  const guest = await insert(ON_A, 'Ada');
  const stayed = await insert(STAYED, 'Bob');
  const copy = await servers.copyOf(1);
  await move(ON_A, 'a', 'b');
  await servers.exchange(1, copy);
  await expectRefused(STAYED, stayed);
  await refuses('BucketUnavailable', () => read(ON_A, guest));
  await expect(reconcile()).rejects.toThrow(`the map gives it bucket ${ON_A}, which it does not have`);
});

it('refuses a dump that was loaded into another database', async () => {
  const [moved, stayed] = [await insert(MOVED, 'Ada'), await insert(STAYED, 'Bob')];
  const name = new URL(cluster.shards.get('b')?.adminUrl ?? '').pathname.slice(1);
  const server = new Client({ connectionString: servers.url(1) });
  await server.connect();
  const cutOff = (): Promise<unknown> =>
    server.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
  // As a dump: the same rows in another database, with all that the shard knows of itself.
  await eventually(async () => {
    await cutOff();
    await server.query(`CREATE DATABASE ${name}_dump TEMPLATE ${name}`);
  });
  await eventually(() => move(MOVED, 'b', 'a'));
  await eventually(async () => {
    await cutOff();
    await server.query(`ALTER DATABASE ${name} RENAME TO ${name}_before`);
  });
  await server.query(`ALTER DATABASE ${name}_dump RENAME TO ${name}`);
  await server.end();
  await expectRefused(STAYED, stayed);
  expect(await eventually(() => read(MOVED, moved))).toBe('Ada');
  expect(await reconcile()).toMatchObject({ released: [MOVED] });
  expect(await eventually(() => read(STAYED, stayed))).toBe('Bob');
});

it('lets go of nothing for a client that compared before others did', async () => {
  await insert(STAYED, 'Bob');
  // The client froze; a bucket that it was to let go of came back, and is about to move on.
  await cluster.admin('b', `UPDATE sharding.bucket_owner SET state = 'fenced' WHERE bucket = ${STAYED}`);
  const confirm = `SELECT sharding.confirm(sharding.this_run(), '{${STAYED}}') AS confirmed`;
  expect(await cluster.admin('b', confirm)).toEqual([{ confirmed: true }]);
  const state = `SELECT state FROM sharding.bucket_owner WHERE bucket = ${STAYED}`;
  expect(await cluster.admin('b', state)).toEqual([{ state: 'fenced' }]);
});

it('goes on with a shard of a release that knew the history only', async () => {
  const stayed = await insert(STAYED, 'Bob');
  const { adminUrl: url = '' } = cluster.shards.get('b') ?? {};
  await onDirectory(cluster.directoryUrl, (tx) => tx.query('DELETE FROM sharding.incarnations'));
  const forget =
    'UPDATE sharding.identity SET server = NULL, switches = 0, confirmed_start = NULL, confirmed_file = NULL';
  await cluster.admin('b', forget);
  await installShard({ url, keyspace: KEYSPACE, shard: 'b', tables: TABLES });
  await holdDirectly(STAYED);
  expect(await read(STAYED, stayed)).toBe('Bob');
  await move(MOVED, 'b', 'a');
  expect(await verify(cluster.directoryUrl, KEYSPACE)).toMatchObject({ ok: true });
  // One that had not been reconciled serves no more than before.
  await cluster.admin('b', `${forget}, timeline = '0000000F'`);
  await expect(installShard({ url, keyspace: KEYSPACE, shard: 'b', tables: TABLES })).rejects.toThrow(REFUSED);
  await expect(holdDirectly(STAYED)).rejects.toMatchObject({ code: 'SH002' });
});

it('ends the serving of a copy that an older release did not notice, when its fence is brought up to date', async () => {
  await insert(MOVED, 'Ada');
  const copy = await servers.copyOf(1);
  await move(MOVED, 'b', 'a');
  await servers.exchange(1, copy);
  await onDirectory(cluster.directoryUrl, (tx) => tx.query('DELETE FROM sharding.incarnations'));
  await eventually(() =>
    cluster.admin('b', 'UPDATE sharding.identity SET server = NULL, switches = 0, confirmed_start = NULL'),
  );
  const { adminUrl: url = '' } = cluster.shards.get('b') ?? {};
  const prepare = (): Promise<void> =>
    prepareShard(cluster.directoryUrl, { url, keyspace: KEYSPACE, shard: 'b', tables: TABLES });
  await expect(prepare()).rejects.toThrow(REFUSED);
  await expect(holdDirectly(MOVED)).rejects.toMatchObject({ code: 'SH002' });
  await expect(prepare()).rejects.toThrow(REFUSED);
  await expect(holdDirectly(MOVED)).rejects.toMatchObject({ code: 'SH002' });
});

it('serves from a server that started again under the fence of the release before, as after a rollback of migrations', async () => {
  const stayed = await insert(STAYED, 'Bob');
  await cluster.admin(
    'b',
    `CREATE OR REPLACE FUNCTION sharding.same_history() RETURNS boolean LANGUAGE sql STABLE
     RETURN (SELECT i.timeline = sharding.server_timeline() FROM sharding.identity AS i)`,
  );
  await servers.kill(1);
  await servers.startAgain(1);
  expect(await eventually(() => read(STAYED, stayed))).toBe('Bob');
  expect(await eventually(all)).toEqual([{ name: 'Bob' }]);
});

it('needs no other server for one that only restarts, also while the directory is unavailable', async () => {
  const stayed = await insert(STAYED, 'Bob');
  await servers.kill(1);
  await servers.startAgain(1);
  expect(await eventually(() => read(STAYED, stayed))).toBe('Bob');
  expect(await problemOf('b')).toBeNull();

  const copy = await servers.copyOf(1);
  expect(await eventually(() => read(STAYED, stayed))).toBe('Bob');
  await move(MOVED, 'b', 'a');
  const directory = new URL(cluster.directoryUrl).pathname.slice(1);
  const server = new Client({ connectionString: servers.url(0) });
  await server.connect();
  const open = (is: boolean): Promise<unknown> => server.query(`ALTER DATABASE ${directory} ALLOW_CONNECTIONS ${is}`);
  await open(false);
  await server.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [directory]);
  try {
    await servers.kill(1);
    await servers.startAgain(1);
    expect(await eventually(() => read(STAYED, stayed))).toBe('Bob');
    // The other shard's word is enough to know a copy.
    await servers.exchange(1, copy);
    await refuses('BucketUnavailable', () => read(STAYED, stayed));
    await expect(holdDirectly(STAYED)).rejects.toMatchObject({ code: 'SH002' });
  } finally {
    await open(true);
    await server.end();
  }
});
