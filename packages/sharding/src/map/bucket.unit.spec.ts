import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { BUCKETS, bucketOf } from './bucket.js';

describe('bucketOf', () => {
  // As md5sum gives them.
  it('never changes: rows of customers have these numbers', () => {
    expect(bucketOf('0190b6f5-7d5c-7c3f-8000-000000000000')).toBe(377);
    expect(bucketOf('ada@example.com')).toBe(564);
    expect(bucketOf('')).toBe(29);
  });

  it('gives a whole number below 1,024 for any key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (key) => {
        const bucket = bucketOf(key);
        expect(Number.isInteger(bucket) && bucket >= 0 && bucket < BUCKETS).toBe(true);
      }),
    );
  });

  it('spreads ids of one moment over all buckets evenly', () => {
    const counts = new Array<number>(BUCKETS).fill(0);
    const perBucket = 50;
    for (let n = 0; n < BUCKETS * perBucket; n++) {
      const bucket = bucketOf(`0190b6f5-7d5c-7c3f-8000-${n.toString(16).padStart(12, '0')}`);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    // Five standard deviations of a fair draw of 50 are 35. The ids are fixed: this can't flicker.
    expect(Math.min(...counts)).toBeGreaterThan(perBucket - 35);
    expect(Math.max(...counts)).toBeLessThan(perBucket + 35);
  });

  it.each(['directory.sql', 'shard.sql'])('are those that %s allows', async (name) => {
    const sql = await readFile(join(import.meta.dirname, '../../sql', name), 'utf8');
    const highest = [...sql.matchAll(/bucket BETWEEN 0 AND (\d+)/g)].map(([, number]) => Number(number));
    expect(highest).toEqual([BUCKETS - 1]);
  });
});
