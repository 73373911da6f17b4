import fc from 'fast-check';
import { planTransfers, type PlacedBucket, type Transfer, type TransferInput } from './plan-transfers.js';

const NAMES = ['a', 'b', 'c', 'd', 'e'];
const EMPTY_BYTES = 64 * 1024;

const input = fc
  .record({
    shards: fc.integer({ min: 1, max: 5 }).map((count) => NAMES.slice(0, count)),
    held: fc.array(
      fc.record({ on: fc.nat(4), rows: fc.nat(100_000), bytes: fc.nat(50_000_000), moving: fc.boolean() }),
      {
        maxLength: 200,
      },
    ),
    by: fc.constantFrom('bytes', 'rows'),
    drain: fc.nat(5),
  })
  .map(({ shards, held, by, drain }): TransferInput => {
    const buckets = held.map(({ on, moving, ...weight }, bucket): PlacedBucket => {
      const shard = shards[on % shards.length] ?? 'a';
      return { bucket, shard, ...weight, moving: moving && bucket % 7 === 0 };
    });
    const draining = shards.length > 1 ? shards.filter((_, index) => index === drain) : [];
    return { shards, draining, buckets, by: by === 'rows' ? 'rows' : 'bytes' };
  });

const apply = (buckets: readonly PlacedBucket[], transfers: readonly Transfer[]): PlacedBucket[] => {
  const to = new Map(transfers.flatMap((transfer) => transfer.buckets.map((bucket) => [bucket, transfer.to] as const)));
  return buckets.map((bucket) => ({ ...bucket, shard: to.get(bucket.bucket) ?? bucket.shard }));
};
const loads = (shards: readonly string[], buckets: readonly PlacedBucket[], by: 'bytes' | 'rows'): number[] =>
  shards.map((shard) =>
    buckets
      .filter((bucket) => bucket.shard === shard)
      .reduce((sum, bucket) => sum + bucket[by] + (by === 'bytes' ? EMPTY_BYTES : 100), 0),
  );

describe('planTransfers', () => {
  it('moves each bucket at most once, from where it is, and none that is in a move', () => {
    fc.assert(
      fc.property(input, (sample) => {
        const transfers = planTransfers(sample);
        const moved = transfers.flatMap(({ buckets }) => buckets);
        expect(new Set(moved).size).toBe(moved.length);
        for (const { from, to, buckets } of transfers) {
          expect(from).not.toBe(to);
          expect(sample.draining).not.toContain(to);
          for (const number of buckets) {
            expect(sample.buckets[number]).toMatchObject({ shard: from, moving: false });
          }
        }
      }),
    );
  });

  it('leaves nothing that can move on a shard that is drained', () => {
    fc.assert(
      fc.property(input, fc.boolean(), (sample, drainOnly) => {
        const after = apply(sample.buckets, planTransfers({ ...sample, drainOnly }));
        expect(after.filter(({ shard, moving }) => sample.draining.includes(shard) && !moving)).toEqual([]);
      }),
    );
  });

  it('makes no shard that stays heavier than it was or than the mean, and never widens the gap', () => {
    fc.assert(
      fc.property(input, (all) => {
        const sample = { ...all, draining: [] };
        const before = loads(sample.shards, sample.buckets, sample.by);
        const after = loads(sample.shards, apply(sample.buckets, planTransfers(sample)), sample.by);
        const mean = before.reduce((sum, load) => sum + load, 0) / before.length;
        after.forEach((load, index) => expect(load).toBeLessThanOrEqual(Math.max(before[index] ?? 0, mean) + 1e-6));
        expect(Math.min(...after)).toBeGreaterThanOrEqual(Math.min(...before));
      }),
    );
  });

  it('ends as even as the buckets allow, when all of them can move', () => {
    fc.assert(
      fc.property(input, (all) => {
        const buckets = all.buckets.map((bucket) => ({ ...bucket, moving: false }));
        const sample = { ...all, buckets, draining: [], tolerance: 0 };
        const after = apply(buckets, planTransfers(sample));
        const sums = loads(sample.shards, after, sample.by);
        const mean = sums.reduce((sum, load) => sum + load, 0) / sums.length;
        const room = mean - Math.min(...sums);
        // Whatever is still above the mean holds no bucket that would fit on both sides.
        sample.shards.forEach((shard, index) => {
          const surplus = (sums[index] ?? 0) - mean;
          for (const bucket of after) {
            const weight = bucket[sample.by] + (sample.by === 'bytes' ? EMPTY_BYTES : 100);
            if (bucket.shard === shard) expect(weight <= surplus - 1e-6 && weight <= room - 1e-6).toBe(false);
          }
        });
      }),
    );
  });

  it('finds nothing more to do after a plan was executed, wherever it was stopped before', () => {
    fc.assert(
      fc.property(input, fc.nat(1_000), (all, stop) => {
        const sample = { ...all, draining: [], tolerance: 0 };
        const transfers = planTransfers({ ...sample, moveSize: { buckets: 3 } });
        const done = apply(sample.buckets, transfers);
        expect(planTransfers({ ...sample, buckets: done })).toEqual([]);
        const some = apply(sample.buckets, transfers.slice(0, stop % (transfers.length + 1)));
        const rest = apply(some, planTransfers({ ...sample, buckets: some }));
        expect(planTransfers({ ...sample, buckets: rest })).toEqual([]);
      }),
    );
  });

  it('makes moves no larger than requested', () => {
    fc.assert(
      fc.property(input, (sample) => {
        for (const { buckets, rows } of planTransfers({ ...sample, moveSize: { buckets: 5, rows: 150_000 } })) {
          expect(buckets.length).toBeLessThanOrEqual(5);
          expect(rows <= 150_000 || buckets.length === 1).toBe(true);
        }
      }),
    );
  });

  const spread = (shards: string, rows = 0): PlacedBucket[] =>
    Array.from({ length: 1024 }, (_, bucket) => {
      return { bucket, shard: shards[Math.floor((bucket * shards.length) / 1024)] ?? '', rows, bytes: rows * 200 };
    });
  const counts = (transfers: readonly Transfer[]) =>
    Object.fromEntries(
      [...Map.groupBy(transfers, ({ from, to }) => `${from}>${to}`)].map(([way, those]) => [
        way,
        those.reduce((sum, { buckets }) => sum + buckets.length, 0),
      ]),
    );

  it('gives a third of an empty keyspace to a third shard, from both others alike', () => {
    const plan = planTransfers({ shards: ['a', 'b', 'c'], draining: [], buckets: spread('ab'), by: 'bytes' });
    expect(counts(plan)).toEqual({ 'a>c': 170, 'b>c': 170 });
    expect(plan.slice(0, 2).map(({ from }) => from)).toEqual(['a', 'b']);
  });

  it('leaves shards alone that are nearly even', () => {
    const buckets = spread('ab').map((bucket) => (bucket.bucket < 20 ? { ...bucket, shard: 'b' } : bucket));
    expect(planTransfers({ shards: ['a', 'b'], draining: [], buckets, by: 'rows' })).toEqual([]);
  });

  it('moves many small buckets from the shard of a heavy one, which fits nowhere', () => {
    const buckets = spread('ab', 1_000).map((bucket) => (bucket.bucket === 3 ? { ...bucket, rows: 200_000 } : bucket));
    const plan = planTransfers({ shards: ['a', 'b'], draining: [], buckets, by: 'rows' });
    expect(plan.every(({ from, to, buckets: moved }) => from === 'a' && to === 'b' && !moved.includes(3))).toBe(true);
    expect(counts(plan)['a>b']).toBeGreaterThan(80);
  });

  it('throws where every shard is drained', () => {
    expect(() => planTransfers({ shards: ['a'], draining: ['a'], buckets: spread('a'), by: 'rows' })).toThrow(
      'No shard',
    );
  });

  it('gives a new shard its share of the few customers that there are, not all of them', () => {
    const buckets = Array.from({ length: 1024 }, (_, bucket): PlacedBucket => {
      const hasCustomer = bucket % 10 === 3;
      return { bucket, shard: bucket < 512 ? 'a' : 'b', rows: hasCustomer ? 4 : 0, bytes: hasCustomer ? 4_600 : 0 };
    });
    const after = apply(buckets, planTransfers({ shards: ['a', 'b', 'c'], draining: [], buckets, by: 'bytes' }));
    for (const shard of ['a', 'b', 'c']) {
      const rows = after.filter((bucket) => bucket.shard === shard).reduce((sum, bucket) => sum + bucket.rows, 0);
      expect(rows).toBeGreaterThan(4 * 28);
      expect(rows).toBeLessThan(4 * 40);
    }
  });
});
