import { MemoryCache } from './memory-cache.js';

const cache = (CACHE_MEMORY_BYTES = 1_000_000) =>
  new MemoryCache({ CACHE_MEMORY_BYTES, STOA_CLONE: 'gateway-1', STOA_SERVED_BY: true });
const answer = (text: string, queriedAt = 0) => ({
  ...{ body: Buffer.from(text), etag: '"1"', servedBy: 'things-1', tags: ['things'], maxAgeMs: 1_000, queriedAt },
});

describe('MemoryCache', () => {
  it('keeps to its bound of bytes, and drops what was not asked for the longest', () => {
    const memory = cache(40_000);
    const body = 'x'.repeat(4_000);
    for (let n = 0; n < 20; n++) {
      memory.put(`/${n}`, 'things.get', answer(body));
      memory.get('/0');
    }
    const kept = Array.from({ length: 20 }, (_, n) => memory.get(`/${n}`)).filter(Boolean);
    expect(kept.length).toBeLessThanOrEqual(8);
    expect(memory.get('/0')).toBeDefined();
  });

  it('does not hold what alone would fill a quarter of it', () => {
    const memory = cache(40_000);
    memory.put('/large', 'things.get', answer('x'.repeat(20_000)));
    expect(memory.get('/large')).toBeUndefined();
  });

  it('forgets no invalidation that still counts, however many come', () => {
    const memory = cache();
    memory.put('/', 'things.get', answer('{}', 100));
    memory.invalidate('things', 150);
    for (let n = 0; n < 20_001; n++) memory.invalidate(`thing:${n}`, 200);
    expect(memory.fresh('/', 210)).toBeUndefined();
  });

  it('writes headers once, and counts hits by operation', () => {
    const memory = cache();
    const entry = memory.put('/', 'things.get', answer('{}'));
    expect(entry.headers).toEqual(
      expect.arrayContaining(['Content-Length', '2', 'ETag', '"1"', 'Stoa-Served-By', 'things-1']),
    );
    entry.hits.count++;
    expect(memory.takeHits()).toEqual([['things.get', 1]]);
    expect(memory.takeHits()).toEqual([['things.get', 0]]);
  });
});
