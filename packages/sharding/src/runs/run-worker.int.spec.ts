import { randomUUID } from 'node:crypto';
import { eventually, PostgresServers } from '@stoa/testing';
import { KEYSPACE, makeCluster, type Cluster } from '../../test/cluster.js';
import { runUpTo } from '../../test/kill.js';
import { keepFresh, mover } from '../../test/fixtures.js';
import { inDirectory } from '../directory/keyspace.js';
import type { Step } from '../move-steps/phases.js';
import { verify } from '../verification/verify.js';
import { executePlan } from '../rebalancing/execute-plan.js';
import { planRebalance } from '../rebalancing/plan-rebalance.js';
import { requestAbort, requestMove, requestReverse } from '../moves/requests.js';
import { RunWorker } from './run-worker.js';
import { createRun, isRunOver, readRun, stopRun, type Run, type RunKind, type RunOptions } from './runs.js';
import { clusterStatus } from '../shards/status.js';
import { MoveSupervisor } from '../moves/supervisor.js';

let servers: PostgresServers;
let cluster: Cluster;
let directoryUrl: string;
let workers: (RunWorker | MoveSupervisor)[];
let failures: unknown[];

beforeAll(async () => {
  servers = await PostgresServers.start(3);
});
beforeEach(async () => {
  cluster = await makeCluster([0, 1, 2].map((index) => servers.url(index)));
  ({ directoryUrl } = cluster);
  workers = [];
  failures = [];
});
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.stop(20_000)));
  expect(await verify(directoryUrl, KEYSPACE)).toMatchObject({ findings: [], moving: [] });
});
afterAll(() => servers.stop());

const work = (onStep?: (step: Step, when: 'before' | 'after') => Promise<void>): void => {
  const onFailure = (error: unknown) => failures.push(error);
  const worker = new RunWorker({ directoryUrl, onFailure, ...(onStep && { hooks: { onStep } }) });
  worker.start();
  workers.push(worker);
};
const supervise = (): void => {
  const supervisor = new MoveSupervisor({ directoryUrl, onFailure: (error) => failures.push(error) });
  supervisor.start();
  workers.push(supervisor);
};
const ask = (kind: RunKind, options: RunOptions) =>
  inDirectory(directoryUrl, (tx) => createRun(tx, randomUUID(), kind, options, 'a test'));
const read = ({ id }: { readonly id: string }) => inDirectory(directoryUrl, (tx) => readRun(tx, id));
const over = (run: Run) =>
  eventually(async () => {
    const now = await read(run);
    expect(now && isRunOver(now.state)).toBe(true);
    return now;
  });
const counts = async () => (await clusterStatus(directoryUrl)).shards.map(({ buckets }) => buckets);

it('executes a requested rebalance, drain and verification once, with any number of workers', async () => {
  work();
  work();
  const rebalance = await ask('rebalance', { groupBuckets: 256 });
  expect(await inDirectory(directoryUrl, (tx) => createRun(tx, rebalance.id, 'rebalance', {}, 'again'))).toEqual(
    expect.objectContaining({ id: rebalance.id, requestedBy: 'a test' }),
  );
  expect(await over(rebalance)).toMatchObject({ state: 'done', progress: { moves: 2, movesDone: 2 } });
  expect(await counts()).toEqual([342, 342, 340]);
  expect(await over(await ask('drain', { shard: 'a', groupBuckets: 256 }))).toMatchObject({ state: 'done' });
  expect((await counts())[0]).toBe(0);
  expect((await clusterStatus(directoryUrl)).shards[0]).toMatchObject({ shard: 'a', draining: true });
  expect(await over(await ask('verify', {}))).toMatchObject({
    state: 'done',
    progress: { findings: [], message: 'Map, owners and rows agree' },
  });
  expect(failures).toEqual([]);
});

it('says why a run failed, and what a verification found', async () => {
  work();
  const failed = await over(await ask('drain', { shard: 'z' }));
  expect(failed).toMatchObject({ state: 'failed', progress: { message: 'There is no shard z; there are a, b, c' } });
  await cluster.admin(
    'c',
    `WITH passed AS (SELECT set_config('session_replication_role', 'replica', false))
     INSERT INTO customers (bucket, id, name) SELECT 7, gen_random_uuid(), 'orphan' FROM passed`,
  );
  const found = await over(await ask('verify', { keyspaces: [KEYSPACE] }));
  expect(found).toMatchObject({
    state: 'done',
    progress: { findings: [{ keyspace: KEYSPACE, kind: 'orphans', shard: 'c' }] },
  });
  await cluster.admin(
    'c',
    `WITH passed AS MATERIALIZED (SELECT set_config('session_replication_role', 'replica', false) AS set)
     DELETE FROM customers WHERE (SELECT set FROM passed) IS NOT NULL`,
  );
});

it('ends after the moves under way when it is stopped, and another run does the rest', async () => {
  let run: Run | undefined;
  work(async (step, when) => {
    if (run && step === 'purge' && when === 'before')
      await inDirectory(directoryUrl, (tx) => stopRun(tx, run?.id ?? ''));
  });
  run = await ask('rebalance', { groupBuckets: 40, parallel: 1 });
  const stopped = await over(run);
  expect(stopped).toMatchObject({ state: 'stopped' });
  const [held = 0] = (await counts()).slice(2);
  expect(held).toBeGreaterThan(0);
  expect(held).toBeLessThan(340);
  run = undefined;
  expect(await over(await ask('rebalance', { groupBuckets: 256 }))).toMatchObject({ state: 'done' });
  expect(await counts()).toEqual([342, 342, 340]);
});

it('resumes a run whose worker was killed, and the move it was in', async () => {
  const run = await ask('rebalance', { groupBuckets: 100, parallel: 1 });
  const signal = await runUpTo('worker-child.mjs', { directoryUrl, step: 'wait for copy' });
  work();
  await signal('SIGKILL');
  expect(await over(run)).toMatchObject({ state: 'done' });
  expect(await counts()).toEqual([342, 342, 340]);
  expect(failures).toEqual([]);
});

it('waits for the plan of a worker whose death the directory has not noticed yet', async () => {
  const begun = Promise.withResolvers<void>();
  const plan = await planRebalance({ directoryUrl, moveSize: { buckets: 100 } });
  const held = new AbortController();
  const first = executePlan(plan, {
    directoryUrl,
    signal: held.signal,
    parallel: 1,
    hooks: {
      onStep: async (step, when) => {
        if (step !== 'purge' || when !== 'before') return;
        held.abort(); // it ends after this move
        begun.resolve();
        await eventually(async () => expect((await read(run))?.progress?.moves).toBeGreaterThan(0));
      },
    },
  });
  await begun.promise;
  const run = await ask('rebalance', { groupBuckets: 100 });
  work();
  expect(await first).toMatchObject({ stopped: true });
  expect(await over(run)).toMatchObject({ state: 'done' });
  expect(await counts()).toEqual([342, 342, 340]);
  expect(failures).toEqual([]);
});

it('moves, aborts and reverses as requested', async () => {
  supervise();
  supervise();
  const id = randomUUID();
  const request = { keyspace: KEYSPACE, buckets: [1, 2, 3], from: 'a', to: 'c', requestedBy: 'a test' };
  const phase = async (move: string) => (await mover(cluster).readMove(move)).phase;
  const reaches = (move: string, wanted: string) => eventually(async () => expect(await phase(move)).toBe(wanted));
  await inDirectory(directoryUrl, (tx) => requestMove(tx, request, id));
  await expect(inDirectory(directoryUrl, (tx) => requestMove(tx, request, randomUUID()))).rejects.toThrow('in move');
  await reaches(id, 'done');
  const back = randomUUID();
  await inDirectory(directoryUrl, (tx) => requestReverse(tx, id, back, 'a test'));
  await reaches(back, 'done');
  await expect(inDirectory(directoryUrl, (tx) => requestAbort(tx, id))).rejects.toThrow('it can only be reversed');
  // Another mover is in the middle of it.
  const slow = await mover(cluster).planMove({ ...request, buckets: [4] });
  await keepFresh(cluster, slow);
  const signal = await runUpTo('mover-child.mjs', { directoryUrl, move: slow, step: 'catch up', when: 'before' });
  await inDirectory(directoryUrl, (tx) => requestAbort(tx, slow));
  await reaches(slow, 'aborted');
  await signal('SIGKILL');
  expect(failures).toEqual([]);
});
