import { withoutMoves } from '@stoa/sharding';
import { type MoveRequest } from '@stoa/sharding/testing';
import { eventually } from '@stoa/testing';
import { choices, isLong, MOVED, say, SLOW_MS, some } from './support/settings.js';
import { isolate, unisolate } from './support/isolation.js';
import { Load } from '../support/load/load.js';
import { MoverProcess } from './support/mover-process.js';
import * as shards from './support/shards.js';
import { repliesToPurge, skewClock, unskewClock } from './support/skewed-clock.js';
import { COMMAND_KEYSPACES, directoryUrl, sql } from '../support/servers.js';

const random = choices(6);
/** Buckets that have shoppers. */
const BUSY = 12;
const ROWS = 10_000;
/** One is what a heavy customer has; more tell better how fast rows are copied. */
const HEAVY = isLong ? 20 : 1;

describe('while customers shop', () => {
  let load: Load;

  beforeAll(async () => {
    await shards.addServers('shard3');
    load = await Load.start({ seed: random.int(1_000_000) });
  }, SLOW_MS);
  afterAll(async () => {
    await load.stop().catch(() => undefined);
    await shards.removeServers('shard3');
  }, SLOW_MS);
  afterEach(async () => {
    await shards.expectClean();
    expect(load.findings.violations).toEqual([]);
  }, SLOW_MS);

  it(
    'groups move at the same time from different sources, and towards each other',
    async () => {
      const moves = await Promise.all(
        MOVED.map(async (keyspace) => {
          const mine = (from: string): Promise<number[]> => shards.busy(load.shoppers, keyspace, from, BUSY);
          const [first, second] = await Promise.all([mine('shard1'), mine('shard2')]);
          const half = second.length / 2;
          return Promise.all([
            shards.move({ keyspace, buckets: first, from: 'shard1', to: 'shard3' }),
            shards.move({ keyspace, buckets: second.slice(0, half), from: 'shard2', to: 'shard3' }),
            shards.move({ keyspace, buckets: second.slice(half), from: 'shard2', to: 'shard1' }),
          ]);
        }),
      );
      expect(moves.flat().map(({ phase, info }) => `${phase} ${info.comparison}`)).toEqual(
        Array(3 * MOVED.length).fill('done equal'),
      );
    },
    SLOW_MS,
  );

  it(
    'a migration waits for the move under way and keeps the next one out',
    async () => {
      const keyspace = random.pick(MOVED);
      const directory = await directoryUrl();
      const [first, second] = (await shards.bucketsOn(keyspace, 'shard2')).map((bucket) => [bucket]);
      const request = (buckets: readonly number[] = []): MoveRequest => ({
        keyspace,
        buckets,
        from: 'shard2',
        to: 'shard1',
      });
      const underWay = await MoverProcess.start(request(first), { step: 'catch up', when: 'before' });
      const id = await underWay.untilThere();
      let migrated = false;
      const migration = withoutMoves(directory, keyspace, async () => {
        expect((await (await shards.mover()).readMove(id)).phase).toBe('done');
        migrated = true;
      });
      const waits = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND mode = 'ExclusiveLock'`;
      await eventually(async () => expect(await sql(directory, waits)).toHaveLength(1));
      const mover = await shards.mover();
      const next = await mover.planMove(request(second));
      await expect(mover.runMove(next)).rejects.toThrow('A migration');
      expect(migrated).toBe(false);
      underWay.goOn();
      expect(await underWay.end()).toBe('done');
      await migration;
      expect(await shards.bringToEnd(next)).toMatchObject({ phase: 'done' });
    },
    SLOW_MS,
  );

  it(
    `${HEAVY} customers of ${ROWS} rows each move`,
    async () => {
      // From the shard that has more: other tests may have left the other one with fewer buckets than are to move.
      const held = {
        shard1: await shards.bucketsOn('cart', 'shard1'),
        shard2: await shards.bucketsOn('cart', 'shard2'),
      };
      const [from, to] =
        held.shard1.length > held.shard2.length ? (['shard1', 'shard2'] as const) : (['shard2', 'shard1'] as const);
      const { bucket } = random.pick(load.shoppers.filter((shopper) => held[from].includes(shopper.bucket)));
      const others = held[from].filter((other) => other !== bucket);
      const buckets = [bucket, ...others.slice(1, HEAVY)];
      // Replies of commands of the last two days: what one customer has most of.
      await sql((await shards.adminUrls('cart')).get(from) ?? '', REPLIES, [buckets, ROWS]);
      const { info } = await shards.move({ keyspace: 'cart', buckets, from, to });
      expect(info).toMatchObject({ comparison: 'equal' });
      expect(info.rows).toBeGreaterThan(ROWS * HEAVY);
      say(`special: ${info.rows} rows copied in ${info.copyMs} ms, writes refused for ${info.fencedMs} ms`);
    },
    SLOW_MS,
  );

  it.each(some([-11, 11], 1, random))(
    'a shard whose clock is off by %d hours serves as the others do',
    async (hours) => {
      await skewClock('shard3', hours);
      try {
        for (const keyspace of MOVED) {
          const buckets = await shards.busy(load.shoppers, keyspace, 'shard1', BUSY);
          expect(await shards.move({ keyspace, buckets, from: 'shard1', to: 'shard3' })).toMatchObject({
            phase: 'done',
          });
          const before = load.findings.counts['writes'] ?? 0;
          await load.reaches('writes', before + 100);
          expect(await repliesToPurge('shard3')).toBe(0);
          expect(await shards.move({ keyspace, buckets, from: 'shard3', to: 'shard1' })).toMatchObject({
            phase: 'done',
          });
        }
      } finally {
        await unskewClock('shard3');
      }
    },
    SLOW_MS,
  );

  for (const keyspace of isLong ? COMMAND_KEYSPACES : []) {
    it(
      `services whose transactions are REPEATABLE READ lose nothing of ${keyspace} either`,
      async () => {
        await isolate('repeatable read');
        try {
          const buckets = await shards.busy(load.shoppers, keyspace, 'shard1', BUSY);
          for (const [from, to] of [
            ['shard1', 'shard3'],
            ['shard3', 'shard1'],
          ] as const) {
            const before = load.findings.counts['writes'] ?? 0;
            const { phase, info } = await shards.move({ keyspace, buckets, from, to });
            expect(`${phase} ${info.comparison}`).toBe('done equal');
            await load.reaches('writes', before + 20);
          }
        } finally {
          await unisolate();
        }
      },
      SLOW_MS,
    );
  }

  it(
    'nobody noticed any of it',
    async () => {
      const { violations, counts } = await load.stop();
      say(`special: ${JSON.stringify(counts)}`);
      expect(violations).toEqual([]);
    },
    SLOW_MS,
  );
});

const REPLIES = `INSERT INTO inbox (bucket, command_id, key, body_hash, status, reply)
  SELECT bucket, gen_random_uuid(), 'heavy', '\\x00', 'ok', repeat('reply ', 100)
  FROM unnest($1::smallint[]) AS bucket, generate_series(1, $2::int)`;
