import type { Move } from '@stoa/sharding';
import { eventually } from '@stoa/testing';
import { choices, say, SLOW_MS } from './support/form.js';
import type { Findings } from '../support/load/findings.js';
import { underLoad, type Load } from '../support/load/load.js';
import { closeFence, deafen, openFence, undeafen } from './support/open-fence.js';
import * as shards from './support/shards.js';

/** Reads would tell the clones of the move: a shard that has let go refuses them, and they look for the bucket. */
const LOAD = { customers: 0, guests: 20, writers: 6, readers: 0, pauseMs: 5 };
/**
 * So long, at most, writes go on where the move is at its most delicate. A closed fence lets no more through than there are writers;
 * an open one is given the time it needs.
 */
const LINGER_MS = { closed: 300, open: 20_000 };

describe('a move of carts whose clones hear nothing of it', () => {
  let buckets: readonly number[] = [];

  beforeAll(() => shards.addServers('shard3'), SLOW_MS);
  afterAll(async () => {
    await undeafen();
    await closeFence(buckets);
    await shards.removeServers('shard3');
    await shards.expectClean();
  }, SLOW_MS);

  const linger = async ({ findings: { writes } }: Load, timeoutMs: number): Promise<void> => {
    const before = writes.length;
    const through = async (): Promise<void> => expect(writes.length).toBeGreaterThan(before + LOAD.writers);
    await eventually(through, { timeoutMs }).catch(() => undefined);
  };
  const moveSlowly = async (load: Load, isOpen: boolean): Promise<Move> => {
    const onStep = async (step: string, when: string): Promise<void> => {
      if (when === 'before' && ['switch', 'purge', 'forget'].includes(step))
        await linger(load, isOpen ? LINGER_MS.open : LINGER_MS.closed);
    };
    const mover = await shards.mover(onStep);
    const id = await mover.planMove({ keyspace: 'cart', buckets, from: 'shard1', to: 'shard3' });
    const differs = (error: unknown): Promise<Move> => {
      if (!isOpen) throw error;
      return mover.runMove(id, { acceptDifference: true });
    };
    return mover.runMove(id).catch(differs);
  };
  const moveDeaf = (seed: number, isOpen: boolean): Promise<Findings> =>
    underLoad({ ...LOAD, seed }, async (load) => {
      buckets = await shards.busy(load.shoppers, 'cart', 'shard1', load.shoppers.length);
      if (isOpen) await openFence();
      await deafen();
      expect(await moveSlowly(load, isOpen)).toMatchObject({ phase: 'done' });
      await undeafen();
    });

  it(
    'loses nothing',
    async () => {
      expect((await moveDeaf(choices(4).int(1_000_000), false)).violations).toEqual([]);
    },
    SLOW_MS,
  );

  it(
    'loses writes when the fence is open: the checks of all these tests can see a loss',
    async () => {
      const { violationCount, violations } = await moveDeaf(choices(5).int(1_000_000), true);
      say(`control: ${violationCount} violations without the fence, such as: ${violations[0]}`);
      expect(violationCount).toBeGreaterThan(0);
    },
    SLOW_MS,
  );
});
