import { cachedHeaders, isFresh, mayServeStale, newer, type CachedResponse } from './cached-response.js';

const response: CachedResponse = {
  body: Buffer.from('{}'),
  etag: '"1"',
  servedBy: 'things-1',
  tags: ['thing:mug', 'things'],
  maxAgeMs: 1_000,
  queriedAt: 5_000,
};
const invalidated = (tags: Record<string, number> = {}) => ({ lastOf: (tag: string) => tags[tag] });

describe('a cached response', () => {
  it('is fresh for its time, counted from before its query was sent', () => {
    expect(isFresh(response, 5_000, invalidated())).toBe(true);
    expect(isFresh(response, 5_999, invalidated())).toBe(true);
    expect(isFresh(response, 6_000, invalidated())).toBe(false);
  });

  it('ends when an event came since its query was sent, not when one came before', () => {
    expect(isFresh(response, 5_500, invalidated({ 'thing:mug': 5_400 }))).toBe(false);
    expect(isFresh(response, 5_500, invalidated({ things: 5_000 }))).toBe(false);
    expect(isFresh(response, 5_500, invalidated({ 'thing:mug': 4_999, 'thing:jug': 5_400 }))).toBe(true);
  });

  it('is served stale while its service is unavailable, until it is too old', () => {
    expect(mayServeStale(response, 304_999, 300_000)).toBe(true);
    expect(mayServeStale(response, 305_000, 300_000)).toBe(false);
  });

  it('gives way to one that was queried later', () => {
    const later = { ...response, queriedAt: 5_001 };
    expect(newer(response, later)).toBe(later);
    expect(newer(later, response)).toBe(later);
    expect(newer(undefined, response)).toBe(response);
    expect(newer(undefined, undefined)).toBeUndefined();
  });

  it('says in its headers where it came from, and of a stale one how old it is', () => {
    const headers = (outcome: 'hit' | 'fetched' | 'stale') =>
      cachedHeaders({ ...response, queriedAt: 10_000 }, outcome, 13_400);
    expect(headers('fetched')['cache-status']).toBe('Stoa; fwd=miss');
    expect(headers('hit')['cache-status']).toBe('Stoa; hit');
    expect(headers('stale')).toMatchObject({ 'cache-status': 'Stoa; hit; ttl=-3; detail=stale', age: '4' });
  });
});
