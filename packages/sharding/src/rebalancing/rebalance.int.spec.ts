import { PostgresServers } from '@stoa/testing';
import { KEYSPACE, makeCluster, type Cluster } from '../../test/cluster.js';
import { fill } from '../../test/fill.js';
import { rebalanceKilledAt } from '../../test/kill.js';
import { mover, range, underLoad } from '../../test/fixtures.js';
import type { Step } from '../move-steps/phases.js';
import { verify } from '../verification/verify.js';
import { executePlan, type PlanProgress } from './execute-plan.js';
import { setDraining } from '../shards/set-draining.js';
import { planBuckets } from './plan-buckets.js';
import { planRebalance } from './plan-rebalance.js';
import { removeEverywhere } from '../shards/remove-shard.js';
import { onDirectory } from '../directory/known-shards.js';
import { clusterStatus } from '../shards/status.js';

let servers: PostgresServers;
let cluster: Cluster;
let directoryUrl: string;

beforeAll(async () => {
  servers = await PostgresServers.start(3);
});
beforeEach(async () => {
  cluster = await makeCluster([0, 1, 2].map((index) => servers.url(index)));
  ({ directoryUrl } = cluster);
});
afterEach(async () => {
  expect(await verify(directoryUrl, KEYSPACE)).toMatchObject({ findings: [], moving: [] });
});
afterAll(() => servers.stop());

const MOVE_SIZE = { buckets: 128 };
const counts = async () => (await clusterStatus(directoryUrl)).shards.map(({ buckets }) => buckets);
const rows = async () => (await clusterStatus(directoryUrl)).shards.map(({ health }) => health?.rows ?? -1);

it('gives a new shard its share while writers write, reports progress, and then finds nothing left to do', async () => {
  await fill(cluster, 3_000);
  const [before = 0] = [(await rows()).reduce((sum, count) => sum + count, 0)];
  const plan = await planRebalance({ directoryUrl, moveSize: MOVE_SIZE });
  expect(plan.shares.map(({ shard, before: held, after }) => [shard, held.buckets, after.buckets])).toEqual([
    ['a', 512, expect.any(Number)],
    ['b', 512, expect.any(Number)],
    ['c', 0, expect.any(Number)],
  ]);
  expect(plan.buckets).toBeGreaterThan(300);
  expect(plan.rows).toBeGreaterThan(1_500);
  expect(plan.seconds).toBeGreaterThan(1);
  const reported: PlanProgress[] = [];
  const report = await underLoad(cluster, { buckets: range(0, 32), writers: 4 }, async () => {
    const result = await executePlan(plan, { directoryUrl, onProgress: (progress) => reported.push(progress) });
    expect(result).toMatchObject({ stopped: false, paused: [] });
    expect(result.moves.map(({ phase }) => phase)).toEqual(plan.moves.map(() => 'done'));
  });
  expect(report).toMatchObject({ lost: 0, doubled: 0, stale: 0, disordered: 0, failures: [] });
  expect(await counts()).toEqual(plan.shares.map(({ after }) => after.buckets));
  expect((await rows()).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(before);
  const copied = reported.map((progress) => progress.rows);
  expect(copied).toEqual(copied.toSorted((a, b) => a - b));
  expect(reported.at(-1)).toMatchObject({ moves: plan.moves.length, ofRows: plan.rows, rows: plan.rows });
  expect((await planRebalance({ directoryUrl })).moves).toEqual([]);
});

it('drains a shard, keeps it empty, and lets it be removed only then', async () => {
  await fill(cluster, 500);
  const remove = (dryRun = false): Promise<string[]> =>
    onDirectory(directoryUrl, (directory) => removeEverywhere(directory, { shard: 'a', dryRun }));
  await expect(remove()).rejects.toThrow('a holds 512 buckets of shop: drain it first');
  const plan = await planRebalance({ directoryUrl, drain: 'a', moveSize: { buckets: 256 } });
  expect(plan.buckets).toBe(512);
  await onDirectory(directoryUrl, (directory) => setDraining(directory, 'a', true));
  await executePlan(plan, { directoryUrl });
  expect((await counts())[0]).toBe(0);
  const after = await planRebalance({ directoryUrl });
  expect(after.moves.filter(({ to }) => to === 'a')).toEqual([]);
  expect(await remove(true)).toEqual([KEYSPACE]);
  expect(await remove()).toEqual([KEYSPACE]);
  await expect(remove()).rejects.toThrow('There is no shard a; there are b, c');
});

it('stops between two moves, and the next plan holds only the rest', async () => {
  const stop = new AbortController();
  const plan = await planRebalance({ directoryUrl, moveSize: { buckets: 64 } });
  const first = await executePlan(plan, {
    directoryUrl,
    signal: stop.signal,
    parallel: 1,
    onMoved: () => stop.abort(),
  });
  expect(first).toMatchObject({ stopped: true });
  expect(first.moves).toHaveLength(1);
  expect(await verify(directoryUrl, KEYSPACE)).toMatchObject({ findings: [], moving: [] });
  const rest = await planRebalance({ directoryUrl, moveSize: { buckets: 256 } });
  expect(rest.buckets).toBe(plan.buckets - 64);
  expect(await executePlan(rest, { directoryUrl })).toMatchObject({ stopped: false });
  expect(await counts()).toEqual(plan.shares.map(({ after }) => after.buckets));
});

it.each<[Step, 'before' | 'after']>([
  ['create subscription', 'after'],
  ['drain queues', 'before'],
  ['switch', 'after'],
  ['purge', 'before'],
])('killed with SIGKILL at "%s" (%s), is resumed by the next one', async (step, when) => {
  await fill(cluster, 300);
  await rebalanceKilledAt(cluster, step, when);
  const plan = await planRebalance({ directoryUrl, moveSize: MOVE_SIZE });
  expect(plan.unfinished.length).toBeGreaterThanOrEqual(1);
  expect(plan.moves.flatMap(({ buckets }) => buckets).length).toBeLessThan(300);
  const result = await executePlan(plan, { directoryUrl });
  expect(result.moves.map(({ phase }) => phase)).toEqual([...plan.unfinished, ...plan.moves].map(() => 'done'));
  expect((await planRebalance({ directoryUrl })).moves).toEqual([]);
});

it('lets one plan of a keyspace be executed at a time', async () => {
  const plan = await planRebalance({ directoryUrl, moveSize: { buckets: 256 } });
  const { promise: under, resolve: begun } = Promise.withResolvers<void>();
  const first = executePlan(plan, { directoryUrl, hooks: { onStep: () => begun() } });
  await under;
  await expect(executePlan(plan, { directoryUrl })).rejects.toThrow('Another rebalance or drain of shop is under way');
  expect(await first).toMatchObject({ stopped: false });
});

it('moves the buckets that are named, and says which are not where they should be', async () => {
  const request = { directoryUrl, keyspace: KEYSPACE, to: 'c' };
  await expect(planBuckets({ ...request, buckets: [600], from: 'a' })).rejects.toThrow(
    'Bucket 600 of shop is on b, not on a',
  );
  await expect(planBuckets({ ...request, buckets: [1024] })).rejects.toThrow('There is no bucket 1024');
  await expect(planBuckets({ ...request, buckets: [1], to: 'x' })).rejects.toThrow(
    'There is no shard x; there are a, b, c',
  );
  const id = await mover(cluster).planMove({ keyspace: KEYSPACE, buckets: [5], from: 'a', to: 'b' });
  await expect(planBuckets({ ...request, buckets: [5] })).rejects.toThrow('Bucket 5 of shop is in a move already');
  await mover(cluster).abortMove(id);
  await executePlan(await planBuckets({ ...request, buckets: [1, 2, 600] }), { directoryUrl });
  expect(await counts()).toEqual([510, 511, 3]);
});
