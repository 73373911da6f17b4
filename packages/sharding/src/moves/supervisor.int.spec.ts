import { eventually, PostgresServers } from '@stoa/testing';
import { KEYSPACE, makeCluster, type Cluster } from '../../test/cluster.js';
import { runUpTo } from '../../test/kill.js';
import { keepFresh, mover, range, startService, type Service } from '../../test/fixtures.js';
import type { Move, Step } from '../move-steps/phases.js';
import { verify } from '../verification/verify.js';
import { idIn } from '../../test/rows.js';
import { currentMoves } from './current-moves.js';
import { onDirectory } from '../directory/known-shards.js';
import { MoveSupervisor } from './supervisor.js';

const BUCKETS = range(100, 8);

let servers: PostgresServers;
let cluster: Cluster;
let service: Service;
let supervisors: MoveSupervisor[];
let failures: unknown[];
let resumed: Move[];

beforeAll(async () => {
  servers = await PostgresServers.start(2);
});
beforeEach(async () => {
  cluster = await makeCluster([0, 1].map((index) => servers.url(index)));
  service = await startService(cluster, 40_000);
  supervisors = [];
  failures = [];
  resumed = [];
});
afterEach(async () => {
  await Promise.all(supervisors.map((supervisor) => supervisor.stop(10_000)));
  await service.close();
  expect(await verify(cluster.directoryUrl, KEYSPACE)).toMatchObject({ findings: [] });
});
afterAll(() => servers.stop());

const supervise = (): void => {
  const supervisor = new MoveSupervisor({
    directoryUrl: cluster.directoryUrl,
    limits: { pauseMs: 50 },
    onResume: (move) => resumed.push(move),
    onFailure: (error) => failures.push(error),
  });
  supervisor.start();
  supervisors.push(supervisor);
};
const plan = () => mover(cluster).planMove({ keyspace: KEYSPACE, buckets: BUCKETS, from: 'a', to: 'b' });
const phaseOf = async (id: string) => (await mover(cluster).readMove(id)).phase;
const done = (id: string) => eventually(async () => expect(await phaseOf(id)).toBe('done'));
const write = (): Promise<unknown> =>
  service.database.transaction(BUCKETS[0] ?? 0, (tx) =>
    tx.query(`INSERT INTO customers (id, name) VALUES ($1, 'waited')`, [idIn(BUCKETS[0] ?? 0)]),
  );

it.each<[Step, 'before' | 'after']>([
  ['drain queues', 'before'],
  ['switch', 'after'],
])('resumes a move whose mover was killed at "%s" (%s), at once', async (step, when) => {
  const id = await plan();
  const signal = await runUpTo('mover-child.mjs', { directoryUrl: cluster.directoryUrl, move: id, step, when });
  await keepFresh(cluster, id);
  supervise();
  supervise();
  await signal('SIGKILL');
  await write();
  expect(resumed[0]).toMatchObject({ id, running: false });
  await done(id);
  expect(failures).toEqual([]);
});

it('takes a move from a mover that froze while writers wait', async () => {
  const id = await plan();
  const signal = await runUpTo('mover-child.mjs', {
    directoryUrl: cluster.directoryUrl,
    move: id,
    step: 'drain queues',
    when: 'before',
  });
  await signal('SIGSTOP');
  supervise();
  try {
    await write();
    // Before its sessions were ended for being idle.
    expect(resumed[0]).toMatchObject({ id, running: true });
    await done(id);
    expect(failures).toEqual([]);
  } finally {
    await signal('SIGKILL');
  }
});

it('resumes a move that nobody runs, and leaves alone a paused one', async () => {
  const id = await plan();
  await mover(cluster).pauseMove(id);
  await expect(mover(cluster).runMove(id)).rejects.toMatchObject({ name: 'MovePaused' });
  supervise();
  // Longer than it waits for the requester of a move.
  await eventually(async () => {
    const [now] = await onDirectory(cluster.directoryUrl, (directory) => currentMoves(directory));
    expect(now).toMatchObject({ id, paused: true, running: false });
    expect(now?.quietSeconds).toBeGreaterThan(6);
  });
  expect(resumed).toEqual([]);
  await mover(cluster).unpauseMove(id);
  await done(id);
  expect(failures).toEqual([]);
});

it('holds a running move before its switch once it is paused, and goes on from there', async () => {
  const id = await plan();
  let steps = 0;
  const running = mover(cluster, async (step, when) => {
    if (step === 'catch up' && when === 'before') await mover(cluster).pauseMove(id);
    if (step === 'fence') steps += 1;
  });
  await expect(running.runMove(id)).rejects.toThrow(`Move ${id} is paused`);
  expect(await phaseOf(id)).toBe('catching up');
  expect(steps).toBe(0);
  await write();
  await mover(cluster).unpauseMove(id);
  expect(await mover(cluster).runMove(id)).toMatchObject({ phase: 'done', info: { comparison: 'equal' } });
  await expect(mover(cluster).pauseMove(id)).rejects.toThrow(`Move ${id} is done`);
});
