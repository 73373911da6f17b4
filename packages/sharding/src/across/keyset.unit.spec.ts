import * as fc from 'fast-check';
import { addUp } from './across.js';
import { compareKeys, fromCursor, toCursor, type KeyColumn } from './keyset.js';

const COLUMNS: readonly KeyColumn[] = [
  { column: 'name', type: 'text' },
  { column: 'n', type: 'bigint' },
];

describe('keys', () => {
  it('compare text by bytes and numbers by size', () => {
    const compare = compareKeys(COLUMNS, 'asc');
    expect(compare(['Z', '1'], ['a', '1'])).toBeLessThan(0);
    expect(compare(['a', '9'], ['a', '10'])).toBeLessThan(0);
    expect(compare(['\u{1F600}', '1'], ['\uFF5E', '1'])).toBeGreaterThan(0);
    expect(compareKeys(COLUMNS, 'desc')(['a', '9'], ['a', '10'])).toBeGreaterThan(0);
  });

  it('come back from a cursor as they were, and nothing else does', () => {
    fc.assert(
      fc.property(fc.string(), fc.bigInt(), (name, n) => {
        expect(fromCursor(toCursor([name, String(n)]), COLUMNS)).toEqual([name, String(n)]);
      }),
    );
    for (const wrong of ['', 'x', toCursor(['one']), toCursor([])]) {
      expect(() => fromCursor(wrong, COLUMNS)).toThrow('no cursor');
    }
  });
});

describe('addUp', () => {
  it('adds exactly, beyond what a number can hold', () => {
    const rows = [
      { day: '1', n: '9007199254740993' },
      { day: '2', n: 1 },
      { day: '1', n: '1' },
      { day: '2', n: null },
    ];
    expect(addUp(rows, ['day'], ['n'])).toEqual([
      { group: { day: '1' }, sums: { n: 9_007_199_254_740_994n } },
      { group: { day: '2' }, sums: { n: 1n } },
    ]);
  });
});
