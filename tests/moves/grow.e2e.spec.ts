import { choices, isLong, MINUTES, MOVED, say, SLOW_MS } from './support/settings.js';
import type { Findings } from '../support/load/findings.js';
import { underLoad } from '../support/load/load.js';
import * as shards from './support/shards.js';
import { directoryUrl } from '../support/servers.js';
import { MoveWatch } from './support/waits.js';

/** Large groups: the short form has no time for many. */
const PACE = isLong ? [] : ['--group', '256'];

/** So few buckets to move are no rebalance. */
const UNEVEN_BUCKETS = 30;

describe('growing by a server, and shrinking again, while customers shop', () => {
  const counts = async (): Promise<Record<string, number>[]> =>
    Promise.all(
      MOVED.map(async (keyspace) => {
        const names = [...(await shards.adminUrls(keyspace)).keys()];
        const held = await Promise.all(names.map(async (name) => (await shards.bucketsOn(keyspace, name)).length));
        return Object.fromEntries(names.map((name, n) => [name, held[n] ?? 0]));
      }),
    );
  const left = async (): Promise<number> => {
    const stdout = await shards.command('rebalance', '--dry-run', '--json');
    return (JSON.parse(stdout) as { plan: { buckets: number } }).plan.buckets;
  };
  const rebalance = async (): Promise<void> => {
    await shards.command('rebalance', ...PACE);
    // Customers go on shopping: the size of a bucket changes, the more the longer it takes.
    if ((await left()) >= UNEVEN_BUCKETS) await shards.command('rebalance', ...PACE);
    expect(await left()).toBeLessThan(UNEVEN_BUCKETS);
    for (const held of await counts()) expect(Object.values(held)).not.toContain(0);
  };

  const round = async (): Promise<void> => {
    await shards.addServers('shard3');
    await rebalance();
    await shards.command('drain', 'shard1', ...PACE);
    for (const held of await counts()) expect(held).toMatchObject({ shard1: 0 });
    await shards.command('drain', 'shard1', '--undo');
    await rebalance();
    await shards.removeServers('shard3');
    for (const held of await counts()) expect(Object.keys(held)).toEqual(['shard1', 'shard2']);
    await shards.expectClean();
  };

  it(
    'loses nothing, doubles nothing, shows nothing stale and misses nobody',
    async () => {
      const watch = MoveWatch.start(await directoryUrl());
      const seed = choices(3).int(1_000_000);
      let findings: Findings;
      try {
        findings = await underLoad({ seed }, async (load) => {
          const until = performance.now() + MINUTES * 60_000;
          for (let first = true; first || performance.now() < until; first = false) {
            await round();
            expect(load.findings.violations).toEqual([]);
          }
          await load.reaches('writes', 500);
          await load.reaches('roll calls', 10);
        });
      } finally {
        await watch.stop();
      }
      const { violations, counts: done, writes } = findings;
      say(`grow: ${JSON.stringify(done)}`);
      say(`grow: writes waited, in ms: ${JSON.stringify(watch.waits(writes))}; ${watch.summary()}`);
      expect(violations).toEqual([]);
      await shards.expectClean();
    },
    SLOW_MS + MINUTES * 60_000,
  );
});
