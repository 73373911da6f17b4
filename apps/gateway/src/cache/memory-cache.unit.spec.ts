import { MemoryCache } from './memory-cache.js';

const cache = (CACHE_MEMORY_BYTES = 1_000_000) => new MemoryCache({ CACHE_MEMORY_BYTES, STOA_SERVED_BY: true });
const response = (text: string, queriedAt = 0) => ({
  body: Buffer.from(text),
  etag: '"1"',
  servedBy: 'things-1',
  tags: ['things'],
  maxAgeMs: 1_000,
  queriedAt,
});

describe('MemoryCache', () => {
  it('keeps to its bound of bytes, and drops the least recently used', () => {
    const memory = cache(40_000);
    const body = 'x'.repeat(4_000);
    for (let n = 0; n < 20; n++) {
      memory.put(`/${n}`, 'things.get', response(body));
      memory.get('/0');
    }
    const kept = Array.from({ length: 20 }, (_, n) => memory.get(`/${n}`)).filter(Boolean);
    expect(kept.length).toBeLessThanOrEqual(8);
    expect(memory.get('/0')).toBeDefined();
  });

  it('does not hold a response that alone would fill a quarter of it', () => {
    const memory = cache(40_000);
    memory.put('/large', 'things.get', response('x'.repeat(20_000)));
    expect(memory.get('/large')).toBeUndefined();
  });

  it('counts keys, tags and spellings with the bodies', () => {
    const memory = cache(1_000_000);
    for (let n = 0; n < 1_000; n++) {
      const key = `${n}`.padEnd(8_000, 'x');
      memory.put(key, 'things.get', response('{}'));
      memory.put(`tags of ${n}`, 'things.get', { ...response('{}'), tags: [key] });
      memory.spell(`/${n}`.padEnd(1_000, 'x'), `tags of ${n}`);
      expect(memory.bytes).toBeLessThanOrEqual(1_000_000);
    }
    const kept = Array.from({ length: 1_000 }, (_, n) => memory.get(`${n}`.padEnd(8_000, 'x'))).filter(Boolean);
    expect(kept.length * 8_000).toBeLessThan(1_000_000);
    const spelled = Array.from({ length: 1_000 }, (_, n) => memory.get(`/${n}`.padEnd(1_000, 'x'))).filter(Boolean);
    expect(spelled.length * 1_000).toBeLessThan(125_000);
    expect(memory.get('/999'.padEnd(1_000, 'x'))).toBeDefined();
  });

  it('holds a body in memory of its own, not the chunk in which it arrived', () => {
    const memory = cache();
    const chunk = Buffer.alloc(65_536, 'x');
    memory.put('/', 'things.get', { ...response(''), body: chunk.subarray(100, 600) });
    const { body } = memory.get('/')!.response;
    expect(body.buffer.byteLength).toBe(500);
    expect(body).toEqual(chunk.subarray(100, 600));
    // A body that has its own already is kept as it is.
    memory.put('/again', 'things.get', { ...response(''), body });
    expect(memory.get('/again')!.response.body).toBe(body);
  });

  it('finds an entry by each spelling of its key, also when it was put anew', () => {
    const memory = cache();
    memory.put('key', 'things.get', response('old'));
    memory.spell('/things?a=1&b=2', 'key');
    memory.spell('/things?b=2&a=1', 'key');
    memory.put('key', 'things.get', response('new'));
    for (const target of ['/things?a=1&b=2', '/things?b=2&a=1'])
      expect(memory.fresh(target, 0)?.response.body.toString()).toBe('new');
    memory.drop('key');
    expect(memory.get('/things?a=1&b=2')).toBeUndefined();
    memory.put('key', 'things.get', response('newer'));
    memory.clear();
    memory.put('key', 'things.get', response('of other contracts'));
    expect(memory.get('/things?a=1&b=2')).toBeUndefined();
  });

  it('does not remember a spelling as long as a page', () => {
    const memory = cache();
    memory.put('key', 'things.get', response('{}'));
    memory.spell(`/${'x'.repeat(1_100)}`, 'key');
    expect(memory.get(`/${'x'.repeat(1_100)}`)).toBeUndefined();
  });

  it('counts the bytes of invalidations too, and takes all as stale rather than to forget one', () => {
    const memory = cache();
    for (let n = 0; n < 3_000; n++) {
      memory.put('/', 'things.get', response('{}', 100));
      memory.invalidate(`${n}`.padEnd(1_000, 'x'), 200);
      if (memory.get('/') === undefined) return;
    }
    throw new Error('3,000 tags of 1,000 letters were held');
  });

  it('forgets no invalidation that still counts, however many come', () => {
    const memory = cache();
    memory.put('/', 'things.get', response('{}', 100));
    memory.invalidate('things', 150);
    for (let n = 0; n < 20_001; n++) memory.invalidate(`thing:${n}`, 200);
    expect(memory.fresh('/', 210)).toBeUndefined();
  });

  it('writes headers once, and counts hits by operation', () => {
    const memory = cache();
    const entry = memory.put('/', 'things.get', response('{}'));
    expect(entry.headers).toEqual(
      expect.arrayContaining(['content-length', '2', 'etag', '"1"', 'stoa-served-by', 'things-1']),
    );
    entry.hits.count++;
    expect(memory.takeHits()).toEqual([['things.get', 1]]);
    expect(memory.takeHits()).toEqual([['things.get', 0]]);
  });
});
