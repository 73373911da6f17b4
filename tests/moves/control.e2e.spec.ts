import type { Move } from '@stoa/sharding';
import { eventually } from '@stoa/testing';
import { choices, say, SLOW_MS } from './support/settings.js';
import type { Findings } from '../support/load/findings.js';
import { underLoad, type Load } from '../support/load/load.js';
import { closeFence, deafen, openFence, undeafen } from './support/open-fence.js';
import * as shards from './support/shards.js';

/**
 * Without reads, which would show the clones the move: a shard without the bucket refuses them, and they look for it.
 */
const LOAD = { customers: 0, guests: 20, writers: 6, readers: 0, pauseMs: 5 };
/**
 * The longest that writes go on at the move's most delicate steps. A closed fence lets no more of them through than
 * there are writers; an open one is given the time it needs.
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
