import { testEnvironment } from '@stoa/testing';
import { KEYSPACE, makeCluster, type Cluster } from '../../test/cluster.js';
import { idIn } from '../../test/rows.js';
import { mover } from '../../test/fixtures.js';
import type { Step } from '../move-steps/phases.js';
import { verify } from './verify.js';
import { purgeOrphans } from './orphans.js';
import { clusterStatus } from '../shards/status.js';

// Buckets 0 to 511 are on shard a, the others on b.
const [HERE, ELSEWHERE, MOVING] = [7, 700, 701];
const TABLE = 'public.customers';

let cluster: Cluster;

beforeEach(async () => {
  const { STOA_TEST_POSTGRES_URL: server } = testEnvironment();
  cluster = await makeCluster([server, server]);
});

const plant = (shard: string, bucket: number, count: number): Promise<unknown> =>
  cluster.admin(
    shard,
    `SET session_replication_role = replica;
     INSERT INTO customers (bucket, id, name) SELECT ${bucket}, gen_random_uuid(), 'Ada' FROM generate_series(1, ${count})`,
  );
const insert = (shard: string, bucket: number): Promise<unknown> =>
  cluster.admin(shard, `INSERT INTO customers (id, name) VALUES ($1, 'Bob')`, [idIn(bucket)]);
const rowsOn = async (shard: string): Promise<Record<number, number>> => {
  const text = 'SELECT bucket, count(*)::int AS rows FROM customers GROUP BY bucket';
  const rows = await cluster.admin<{ bucket: number; rows: number }>(shard, text);
  return Object.fromEntries(rows.map(({ bucket, rows: count }) => [bucket, count]));
};
const purge = (dryRun: boolean) => purgeOrphans(cluster.directoryUrl, { dryRun, shard: 'a' });

it('counts rows of buckets that are elsewhere, and deletes them and nothing else', async () => {
  await insert('a', HERE);
  await insert('b', ELSEWHERE);
  await plant('a', ELSEWHERE, 3);
  const orphans = [{ table: TABLE, buckets: [ELSEWHERE], rows: 3 }];
  const { shards } = await clusterStatus(cluster.directoryUrl);
  expect(shards.map(({ health }) => health?.orphans)).toEqual([orphans, []]);
  const found = { keyspace: KEYSPACE, shard: 'a', orphans };
  expect(await purge(true)).toEqual([{ ...found, purged: 0 }]);
  expect(await rowsOn('a')).toEqual({ [HERE]: 1, [ELSEWHERE]: 3 });
  expect(await purgeOrphans(cluster.directoryUrl, { mostRows: 2 })).toMatchObject([
    { ...found, purged: 2 },
    { shard: 'b', orphans: [], purged: 0 },
  ]);
  expect(await purge(false)).toMatchObject([{ purged: 1 }]);
  expect([await rowsOn('a'), await rowsOn('b')]).toEqual([{ [HERE]: 1 }, { [ELSEWHERE]: 1 }]);
  expect(await verify(cluster.directoryUrl, KEYSPACE)).toMatchObject({ ok: true });
});

it.each(['wait for copy', 'make destination ready', 'activate destination', 'purge'] satisfies Step[])(
  'leaves the rows of a move alone that stopped before "%s"',
  async (last) => {
    await insert('b', MOVING);
    await plant('a', ELSEWHERE, 1);
    const id = await mover(cluster).planMove({ keyspace: KEYSPACE, buckets: [MOVING], from: 'b', to: 'a' });
    const dying = mover(cluster, (step, when) => {
      if (step === last && when === (last === 'wait for copy' ? 'after' : 'before')) throw new Error('killed');
    });
    await expect(dying.runMove(id)).rejects.toThrow('killed');
    const before = [(await rowsOn('a'))[MOVING], (await rowsOn('b'))[MOVING]];
    expect(before).toEqual([1, 1]);
    const purged = await purgeOrphans(cluster.directoryUrl);
    expect(purged.map(({ shard, purged: rows }) => [shard, rows])).toEqual([
      ['a', 1],
      ['b', 0],
    ]);
    expect([(await rowsOn('a'))[MOVING], (await rowsOn('b'))[MOVING]]).toEqual(before);
    expect(await mover(cluster).runMove(id)).toMatchObject({ phase: 'done' });
    const back = await mover(cluster).reverseMove(id);
    expect(await purge(false)).toMatchObject([{ purged: 0 }]);
    expect(await mover(cluster).runMove(back)).toMatchObject({ phase: 'done' });
    expect(await verify(cluster.directoryUrl, KEYSPACE)).toMatchObject({ ok: true });
  },
);

it('deletes nothing on a server that must be reconciled', async () => {
  await plant('a', ELSEWHERE, 1);
  // As a server that missed a switch.
  await cluster.admin('a', `UPDATE sharding.identity SET switches = switches - 1`);
  await expect(purge(false)).rejects.toThrow('it does not know of the last 1 of its switches');
  expect(await rowsOn('a')).toEqual({ [ELSEWHERE]: 1 });
});
