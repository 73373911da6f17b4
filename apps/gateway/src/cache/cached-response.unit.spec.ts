import { isFresh, mayStandIn, newer, type CachedAnswer } from './cached-response.js';

const answer: CachedAnswer = {
  body: Buffer.from('{}'),
  etag: '"1"',
  servedBy: 'things-1',
  tags: ['thing:mug', 'things'],
  maxAgeMs: 1_000,
  queriedAt: 5_000,
};
const invalidated = (tags: Record<string, number> = {}) => ({ lastOf: (tag: string) => tags[tag] });

describe('a cached answer', () => {
  it('is fresh for its time, counted from before its query was sent', () => {
    expect(isFresh(answer, 5_000, invalidated())).toBe(true);
    expect(isFresh(answer, 5_999, invalidated())).toBe(true);
    expect(isFresh(answer, 6_000, invalidated())).toBe(false);
  });

  it('ends when an event came since its query was sent, not when one came before', () => {
    expect(isFresh(answer, 5_500, invalidated({ 'thing:mug': 5_400 }))).toBe(false);
    expect(isFresh(answer, 5_500, invalidated({ things: 5_000 }))).toBe(false);
    expect(isFresh(answer, 5_500, invalidated({ 'thing:mug': 4_999, 'thing:jug': 5_400 }))).toBe(true);
  });

  it('stands in for a service that is away until it is too old', () => {
    expect(mayStandIn(answer, 304_999, 300_000)).toBe(true);
    expect(mayStandIn(answer, 305_000, 300_000)).toBe(false);
  });

  it('gives way to one that was asked for later', () => {
    const later = { ...answer, queriedAt: 5_001 };
    expect(newer(answer, later)).toBe(later);
    expect(newer(later, answer)).toBe(later);
    expect(newer(undefined, answer)).toBe(answer);
    expect(newer(undefined, undefined)).toBeUndefined();
  });
});
