import { type Move, MoveRefused } from '@stoa/sharding';
import { type MoveRequest, type Step, STEPS } from '@stoa/sharding/testing';
import { choices, isLong, MOVED, say, SLOW_MS, some } from './support/settings.js';
import { Load } from '../support/load/load.js';
import { MoverProcess, type Moment } from './support/mover-process.js';
import * as shards from './support/shards.js';

/** Buckets go round these, so that every test has a source and a destination of its own. */
const RING: readonly string[] = ['shard1', 'shard3', 'shard4'];
/** Buckets that have shoppers. */
const BUSY = 12;
const SWITCH = STEPS.indexOf('switch');
const random = choices(2);

const moments: readonly Moment[] = STEPS.map((step) => ({ step, when: random.pick(['before', 'after']) }));
const delicate: readonly Step[] = [
  'wait for copy',
  'catch up',
  'drain queues',
  'switch',
  'activate destination',
  'purge',
];
/** With these, steps of every phase of a move. */
const theOthers: readonly Step[] = ['check servers', 'create subscription', 'drain writers', 'compare rows', 'forget'];
const inEveryPhase = isLong ? [...delicate, ...theOthers] : delicate;

// A shared machine may be slow, and a move that is only slow is no failure.
describe('while customers shop and their buckets move', () => {
  let load: Load;
  const buckets: Record<string, readonly number[]> = {};

  beforeAll(async () => {
    await shards.addServers('shard3', 'shard4');
    load = await Load.start({ seed: choices(1).int(1_000_000) });
    for (const keyspace of MOVED) buckets[keyspace] = await shards.busy(load.shoppers, keyspace, 'shard1', BUSY);
  }, SLOW_MS);
  afterAll(async () => {
    await load.stop().catch(() => undefined);
    await shards.removeServers('shard3', 'shard4');
  }, SLOW_MS);
  afterEach(async () => {
    await shards.expectClean();
    expect(load.findings.violations).toEqual([]);
  }, SLOW_MS);

  /** Some move to the next shard of the ring. */
  const someMove = async (): Promise<MoveRequest> => {
    const keyspace = random.pick(MOVED);
    const those = buckets[keyspace] ?? [];
    const from = await shards.shardOf(keyspace, those[0] ?? 0);
    return { keyspace, buckets: those, from, to: RING[(RING.indexOf(from) + 1) % RING.length] ?? '' };
  };
  const expectDone = (move: Move): void => {
    expect(move.phase).toBe('done');
    expect(move.info.comparison).not.toBe('different');
  };

  it.each(some(moments, 2, random))(
    'a mover killed $when "$step" is succeeded by another',
    async (moment) => {
      const dying = await MoverProcess.start(await someMove(), moment);
      const id = await dying.untilThere();
      await dying.kill();
      expectDone(await shards.bringToEnd(id));
    },
    SLOW_MS,
  );

  it.each(some(moments.slice(0, SWITCH), 1, random))(
    'a move whose mover died $when "$step" can be aborted',
    async (moment) => {
      const dying = await MoverProcess.start(await someMove(), moment);
      const id = await dying.untilThere();
      await dying.kill();
      // The stack's own supervisor of moves may have taken it up, and switched, in this moment.
      const tooLate = (error: unknown): Promise<Move> => {
        if (error instanceof MoveRefused) return shards.bringToEnd(id);
        throw error;
      };
      const { phase } = await (await shards.mover()).abortMove(id, { takeOver: true }).catch(tooLate);
      if (phase === 'done') expectDone(await (await shards.mover()).readMove(id));
      else expect(phase).toBe('aborted');
    },
    SLOW_MS,
  );

  const ofAnAbort: readonly Step[] = isLong ? ['drop subscription', 'drop publication', 'purge', 'forget'] : [];
  for (const step of ofAnAbort) {
    it(
      `a mover killed before "${step}" while it takes a move back is succeeded by another`,
      async () => {
        const dying = await MoverProcess.start(await someMove(), { step, when: 'before' }, { abort: true });
        const id = await dying.untilThere();
        await dying.kill();
        expect(await shards.bringToEnd(id)).toMatchObject({ phase: 'aborted' });
      },
      SLOW_MS,
    );
  }

  it.each(some<Step>(['make destination ready', 'switch', 'retire source'], 1, random))(
    'a mover that slept before "%s" while another took over changes nothing',
    async (step) => {
      const sleeper = await MoverProcess.start(await someMove(), { step, when: 'before' });
      const id = await sleeper.untilThere();
      await sleeper.freeze();
      sleeper.goOn();
      const mover = await shards.mover();
      expect(await mover.runMove(id, { takeOver: true })).toMatchObject({ phase: 'done' });
      const before = await shards.ownersAndMap();
      sleeper.thaw();
      expect(await sleeper.end()).toBe('done');
      expect(await shards.ownersAndMap()).toEqual(before);
      expectDone(await mover.readMove(id));
    },
    SLOW_MS,
  );

  it.each(
    (['source', 'destination', 'directory'] as const).flatMap((server) =>
      some(inEveryPhase, 1, random).map((step) => ({ server, step })),
    ),
  )(
    'the $server killed before "$step" is waited for',
    async ({ server, step }) => {
      let killed = false;
      const onStep = async (name: Step, when: 'before' | 'after'): Promise<void> => {
        if (killed || name !== step || when !== 'before') return;
        killed = true;
        const { source, destination } = await (await shards.mover()).readMove(id);
        await shards.killServer({ source, destination, directory: 'main' }[server]);
      };
      const mover = await shards.mover(onStep);
      const id = await mover.planMove(await someMove());
      expectDone(await mover.runMove(id));
      expect(killed).toBe(true);
    },
    SLOW_MS,
  );

  it(
    'nobody noticed: nothing was lost, doubled, stale, half done or out of order',
    async () => {
      await load.reaches('writes', 500);
      const { violations, counts } = await load.stop();
      say(`kills: ${JSON.stringify(counts)}`);
      expect(violations).toEqual([]);
    },
    SLOW_MS,
  );
});
