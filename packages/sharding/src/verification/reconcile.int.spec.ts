import { eventually, PostgresServers } from '@stoa/testing';
import { Client } from 'pg';
import { KEYSPACE, makeCluster, type Cluster } from '../../test/cluster.js';
import { idIn } from '../../test/rows.js';
import { mover, reconcileNamed, startService, type Service } from '../../test/fixtures.js';
import { registerShard } from '../directory/keyspace.js';
import { clusterStatus } from '../shards/status.js';
import { onDirectory } from '../directory/known-shards.js';
import { verify } from './verify.js';

// Buckets 0 to 511 are on shard a, the others on b, whose server takes over from another one here.
const [ON_A, ON_B] = [7, 700];
const INSERT = `INSERT INTO customers (id, name) VALUES ($1, 'Ada')`;
const READ = 'SELECT name FROM customers WHERE bucket = $1 AND id = $2';

const SERVES_NOTHING = /was unavailable for/;

let servers: PostgresServers;
let cluster: Cluster;
let service: Service;

beforeAll(async () => {
  servers = await PostgresServers.start(2);
});
beforeEach(async () => {
  cluster = await makeCluster([servers.url(0), servers.url(1)]);
  service = await startService(cluster, 1_000);
});
afterEach(() => service.close());
afterAll(() => servers.stop());

const insert = (bucket: number, id: string) => service.database.transaction(bucket, (tx) => tx.query(INSERT, [id]));
const read = (bucket: number, id: string) => service.database.read(bucket, { text: READ, values: [bucket, id] });
const reconcile = (dryRun = false) => reconcileNamed(cluster, 'b', dryRun);

it('serves nothing from a server that begins a new history, until it is reconciled with the directory', async () => {
  const [here, there] = [idIn(ON_A), idIn(ON_B)];
  await insert(ON_B, there);
  const { before, ...rest } = await reconcile();
  expect(rest).toEqual({ keyspace: KEYSPACE, shard: 'b', now: before, released: [] });
  await servers.failOver(1);
  await expect(insert(ON_B, idIn(ON_B))).rejects.toThrow(SERVES_NOTHING);
  await expect(read(ON_B, there)).rejects.toThrow(SERVES_NOTHING);
  await insert(ON_A, here);
  expect(await read(ON_A, here)).toEqual([{ name: 'Ada' }]);
  const writer = new Client({ connectionString: cluster.shards.get('b')?.url ?? '' });
  await writer.connect();
  await expect(writer.query(INSERT, [idIn(ON_B)])).rejects.toMatchObject({ code: 'SH002' });
  await writer.end();

  const reason = 'was restored, or took over from another';
  const { findings } = await verify(cluster.directoryUrl, KEYSPACE);
  expect(findings).toEqual([expect.objectContaining({ kind: 'history', shard: 'b' })]);
  const { shards } = await clusterStatus(cluster.directoryUrl);
  expect(shards.map(({ problem }) => problem)).toEqual([null, expect.stringContaining(reason)]);
  const move = await mover(cluster).planMove({ keyspace: KEYSPACE, buckets: [ON_B], from: 'b', to: 'a' });
  await expect(mover(cluster).runMove(move)).rejects.toThrow(reason);
  const { url = '', adminUrl = '' } = cluster.shards.get('b') ?? {};
  const enter = onDirectory(cluster.directoryUrl, (tx) => registerShard(tx, KEYSPACE, { name: 'b', url, adminUrl }));
  await expect(enter).rejects.toThrow(reason);

  const intended = await reconcile(true);
  expect(intended).toMatchObject({ before, released: [] });
  expect(intended.now).not.toBe(before);
  await expect(read(ON_B, there)).rejects.toThrow(SERVES_NOTHING);
  expect(await reconcile()).toEqual(intended);
  expect(await read(ON_B, there)).toEqual([{ name: 'Ada' }]);
  await insert(ON_B, idIn(ON_B));
  expect(await mover(cluster).runMove(move)).toMatchObject({ phase: 'done' });
  expect(await verify(cluster.directoryUrl, KEYSPACE)).toMatchObject({ ok: true });
});

it('releases a bucket whose move its server has forgotten', async () => {
  const id = idIn(ON_B);
  await insert(ON_B, id);
  const there = await mover(cluster).planMove({ keyspace: KEYSPACE, buckets: [ON_B], from: 'b', to: 'a' });
  await mover(cluster).runMove(there);
  // As a standby without the switch.
  await cluster.admin('b', `UPDATE sharding.bucket_owner SET state = 'owned', epoch = 1 WHERE bucket = $1`, [ON_B]);
  await servers.failOver(1);
  expect(await eventually(() => read(ON_B, id))).toEqual([{ name: 'Ada' }]);
  expect(await reconcile()).toMatchObject({ released: [ON_B] });
  expect(await verify(cluster.directoryUrl, KEYSPACE)).toMatchObject({ ok: true });
});

it.each([
  ['never heard of a bucket', 'DELETE FROM sharding.bucket_owner WHERE bucket = $1'],
  ['did not hear of the end of a move', `UPDATE sharding.bucket_owner SET state = 'ready' WHERE bucket = $1`],
])('refuses a server that lacks what was committed: it %s', async (_, undo) => {
  const there = await mover(cluster).planMove({ keyspace: KEYSPACE, buckets: [ON_A], from: 'a', to: 'b' });
  await mover(cluster).runMove(there);
  await cluster.admin('b', undo, [ON_A]);
  await servers.failOver(1);
  await expect(reconcile()).rejects.toThrow(`the map gives it bucket ${ON_A}, which it does not have`);
  await expect(insert(ON_B, idIn(ON_B))).rejects.toThrow(SERVES_NOTHING);
});
