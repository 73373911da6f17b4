import fc from 'fast-check';
import { jsonErrorIndex } from './json-error-index.js';

describe('jsonErrorIndex', () => {
  it.each([
    ['{"a": 1,}', 8],
    ['{"a" 1}', 5],
    ['{a: 1}', 1],
    ['[1 2]', 3],
    ['[1, ]', 4],
    ['[1', 2],
    ['{"a": tru}', 6],
    ['{"a": "b', 6],
    ['{"a": "\n"}', 6],
    ['01', 1],
    ['{} {}', 3],
    ['}', 0],
    ['', 0],
    ['{"a": [1}', 8],
    ["{'a': 1}", 1],
  ])('finds the place in %j', (text, index) => {
    expect(jsonErrorIndex(text)).toBe(index);
  });

  it('finds nothing wrong in what is JSON', () => {
    fc.assert(fc.property(fc.json(), (text) => jsonErrorIndex(text) === text.length));
  });
});
