import { PostgresServers } from '@stoa/testing';
import { KEYSPACE, makeCluster, type Cluster } from '../../test/cluster.js';
import { cutOff, killedAt } from '../../test/kill.js';
import { mover, range, startService, GENEROUS_LIMITS, type Service } from '../../test/fixtures.js';
import { Load } from '../../test/load.js';
import { STEPS, type Move, type Step } from '../move-steps/phases.js';
import { verify } from '../verification/verify.js';

// A shared machine may be slow, and a move that is only slow is no failure.

const BUCKETS = range(100, 8);
const SWITCH = STEPS.indexOf('switch');
/** Steps that an abort takes too must not be counted as those of a move. */
const BEFORE_SWITCH = STEPS.slice(0, SWITCH);

type Moment = 'before' | 'after';

describe('a mover that dies', () => {
  let servers: PostgresServers;
  let cluster: Cluster;
  let service: Service;
  let load: Load;
  let at = 0;

  // One load for all of the tests: buckets go round the shards while movers die at every step.
  beforeAll(async () => {
    servers = await PostgresServers.start(3);
    cluster = await makeCluster([0, 1, 2].map((index) => servers.url(index)));
    service = await startService(cluster);
    load = new Load(cluster, service.database, { buckets: BUCKETS, writers: 4, pauseMs: 20, queue: true, reads: true });
    await load.start();
  });
  afterAll(async () => {
    await load.stop().catch(() => undefined);
    await service.close();
    await servers.stop();
  });
  afterEach(async () => {
    expect(await verify(cluster.directoryUrl, KEYSPACE)).toMatchObject({ findings: [], moving: [] });
  });

  const shard = (index: number): string => String.fromCodePoint(97 + (index % 3));
  const plan = () =>
    mover(cluster).planMove({ keyspace: KEYSPACE, buckets: BUCKETS, from: shard(at), to: shard(at + 1) });
  const dieAt = async (id: string, step: Step, moment: Moment): Promise<void> => {
    const dying = mover(cluster, async (name, when) => {
      if (name !== step || when !== moment) return;
      await cutOff(
        [0, 1, 2].map((index) => servers.url(index)),
        id,
      );
      throw new Error('killed');
    });
    await expect(dying.runMove(id)).rejects.toThrow('killed');
  };
  const resume = async (id: string): Promise<Move> => {
    const done = await mover(cluster).runMove(id);
    expect(done.phase).toBe('done');
    at += 1;
    return done;
  };

  it.each(STEPS)('after "%s" is resumed by another', async (step) => {
    const id = await plan();
    await dieAt(id, step, 'after');
    const { info } = await resume(id);
    const missed = ['activate destination', 'compare rows'].includes(step) && info.comparison !== 'equal';
    expect(info.comparison).toBe(missed ? 'missed: a mover died between activation and comparison' : 'equal');
  });

  it.each<Step>(['switch', 'retire source', 'activate destination'])('before "%s" is resumed too', async (step) => {
    const id = await plan();
    await dieAt(id, step, 'before');
    await resume(id);
  });

  it.each(BEFORE_SWITCH)('after "%s" leaves a move that can be aborted', async (step) => {
    const id = await plan();
    await dieAt(id, step, 'after');
    expect(await mover(cluster).abortMove(id)).toMatchObject({ phase: 'aborted' });
  });

  it.each<Step>(['drop subscription', 'drop publication', 'purge'])('at "%s" of an abort is resumed', async (step) => {
    const id = await plan();
    await dieAt(id, 'wait for marker', 'after');
    const dying = mover(cluster, async (name, when) => {
      if (name !== step || when !== 'after') return;
      await cutOff(
        [0, 1, 2].map((index) => servers.url(index)),
        id,
      );
      throw new Error('killed');
    });
    await expect(dying.abortMove(id)).rejects.toThrow('killed');
    // Whoever resumes need not know that it was an abort.
    expect(await mover(cluster).runMove(id)).toMatchObject({ phase: 'aborted' });
  });

  it('after the switch leaves a move that can only be finished', async () => {
    const id = await plan();
    await dieAt(id, 'switch', 'after');
    await expect(mover(cluster).abortMove(id)).rejects.toThrow('it can only be finished, then reversed');
    await resume(id);
  });

  it.each<[Step, Moment]>([
    ['wait for copy', 'before'],
    ['wait for marker', 'after'],
    ['switch', 'after'],
    ['retire source', 'after'],
    ['purge', 'before'],
  ])('by SIGKILL at "%s" (%s) is resumed', async (step, moment) => {
    const id = await plan();
    await killedAt(cluster, id, step, moment);
    await resume(id);
  });

  it('does not matter to anybody else: nothing was lost, doubled, stale or out of order in all of this', async () => {
    await load.reaches(1_000);
    expect(await load.stop()).toMatchObject({ lost: 0, doubled: 0, stale: 0, disordered: 0, failures: [] });
  });
});

describe('a mover that sleeps', () => {
  let servers: PostgresServers;
  let cluster: Cluster;

  beforeAll(async () => {
    servers = await PostgresServers.start(2);
  });
  beforeEach(async () => {
    cluster = await makeCluster([servers.url(0), servers.url(1)]);
  });
  afterAll(() => servers.stop());

  const asleepAt = async (step: Step) => {
    const id = await mover(cluster).planMove({ keyspace: KEYSPACE, buckets: BUCKETS, from: 'a', to: 'b' });
    const { promise: continued, resolve: goOn } = Promise.withResolvers<void>();
    const { promise: asleep, resolve: fallAsleep } = Promise.withResolvers<void>();
    const onStep = async (name: Step, when: Moment): Promise<void> => {
      if (name !== step || when !== 'before') return;
      fallAsleep();
      await continued;
    };
    const sleeper = mover(cluster, onStep, GENEROUS_LIMITS);
    const slept = sleeper.runMove(id).then(
      (move) => move.phase,
      (error: unknown) => error,
    );
    await asleep;
    return { id, goOn, slept };
  };

  it('keeps others out, unless they take over', async () => {
    const { id, goOn, slept } = await asleepAt('catch up');
    await expect(mover(cluster, undefined, { busyMs: 100 }).runMove(id)).rejects.toMatchObject({ name: 'MoveBusy' });
    goOn();
    expect(await slept).toBe('done');
  });

  it.each<Step>(['make destination ready', 'switch', 'retire source'])(
    'at "%s" changes nothing when it wakes up after another has finished',
    async (step) => {
      const { id, goOn, slept } = await asleepAt(step);
      expect(await mover(cluster).runMove(id, { takeOver: true })).toMatchObject({ phase: 'done', attempt: 2 });
      const before = await everything();
      goOn();
      // It finds its sessions gone, asks for the move again, and sees that there is nothing to do.
      expect(await slept).toBe('done');
      expect(await everything()).toEqual(before);
      expect(await verify(cluster.directoryUrl, KEYSPACE)).toMatchObject({ findings: [] });
    },
  );

  it('at the switch changes nothing when it wakes up after another has aborted', async () => {
    const { id, goOn, slept } = await asleepAt('switch');
    expect(await mover(cluster).abortMove(id, { takeOver: true })).toMatchObject({ phase: 'aborted' });
    goOn();
    expect(await slept).toBe('aborted');
    expect(await verify(cluster.directoryUrl, KEYSPACE)).toMatchObject({ findings: [] });
  });

  it('is refused by its attempt even where it still has a session', async () => {
    const { id, goOn, slept } = await asleepAt('wait for marker');
    await cluster.admin('a', 'SELECT sharding.begin_attempt($1, 7)', [id]);
    goOn();
    expect(await slept).toMatchObject({ name: 'StaleMover' });
    await expect(cluster.admin('a', 'SELECT sharding.begin_attempt($1, 6)', [id])).rejects.toMatchObject({
      code: 'SH003',
    });
  });

  const everything = async (): Promise<unknown> =>
    Promise.all(
      ['a', 'b'].map((shard) =>
        cluster.admin(shard, 'SELECT *, xmin::text FROM sharding.bucket_owner ORDER BY bucket'),
      ),
    );
});
