import { differing } from '../move-steps/compare-rows.js';
import { canAbort, isOver, PHASES } from '../move-steps/phases.js';
import { MAX_BUCKETS, problemWith, type MappedBucket } from './plan.js';

const ask = (buckets: number[], mapped: MappedBucket[] = [], to = 'b') =>
  problemWith({ keyspace: 'shop', buckets, from: 'a', to }, mapped);
const on = (shard: string, bucket: number, move_id: string | null = null): MappedBucket => ({ bucket, shard, move_id });

describe('problemWith', () => {
  it('allows buckets of the source that no other move has', () => {
    expect(ask([1, 2], [on('a', 1), on('a', 2)])).toBeUndefined();
  });

  it.each([
    ['the same shard', [1], [on('a', 1)], 'a'],
    ['no bucket', [], [], 'b'],
    ['twice', [1, 1], [on('a', 1)], 'b'],
    ['no bucket 1024', [1024], [], 'b'],
    ['no bucket 0.5', [0.5], [], 'b'],
    ['is on c, not on a', [1], [on('c', 1)], 'b'],
    ['is on no shard', [1], [], 'b'],
    ['is in move 42 already', [1], [on('a', 1, '42')], 'b'],
    ['more than', Array.from({ length: MAX_BUCKETS + 1 }, (_, n) => n), [], 'b'],
  ])('says "%s"', (reason, buckets, mapped, to) => {
    expect(ask(buckets, mapped, to)).toContain(reason);
  });
});

describe('phases', () => {
  it('allow an abort only before the switch', () => {
    const back = PHASES.filter(canAbort);
    expect(back).toEqual(['planned', 'copying', 'catching up', 'fencing', 'aborting']);
    expect(PHASES.filter(isOver)).toEqual(['done', 'aborted']);
  });
});

describe('differing', () => {
  const sum = (bucket: number, hash: string, rows = '1') => ({ bucket, hash, rows });
  it('names buckets that differ or that one side lacks', () => {
    expect(differing([sum(1, 'x'), sum(2, 'y')], [sum(2, 'y'), sum(1, 'x')])).toEqual([]);
    expect(differing([sum(1, 'x'), sum(3, 'y')], [sum(1, 'z'), sum(2, 'y')])).toEqual([1, 2, 3]);
    expect(differing([sum(1, 'x', '2')], [sum(1, 'x', '1')])).toEqual([1]);
  });
});
