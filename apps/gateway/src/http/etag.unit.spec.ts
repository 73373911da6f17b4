import { matchesEtag } from './etag.js';

describe('ETags', () => {
  it.each([
    ['"1"', true],
    ['W/"1"', true],
    ['"0", "1"', true],
    ['*', true],
    ['"10"', false],
    ['1', false],
  ])('are compared weakly: %s', (header, known) => {
    expect(matchesEtag('"1"', header)).toBe(known);
  });
});
