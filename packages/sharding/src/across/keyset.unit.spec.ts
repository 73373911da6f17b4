import * as fc from 'fast-check';
import { addUp } from './across.js';
import { fromCursor, toCursor } from './cursor.js';
import { compareKeys, type KeyColumn } from './keyset.js';

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
});

describe('a cursor', () => {
  const list = ['customers', 'asc'];
  const sides = fc.constantFrom('after' as const, 'before' as const);

  it('comes back as it was', () => {
    const text = fc.string({ unit: 'binary' }).filter((name) => !name.includes('\0'));
    fc.assert(
      fc.property(sides, text, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (side, name, n) => {
        const place = { side, key: [name, String(n)] };
        expect(fromCursor(list, toCursor(list, place), COLUMNS)).toEqual(place);
      }),
    );
  });

  it('is refused when it is damaged, or another list gave it', () => {
    const cursor = toCursor(list, { side: 'after', key: ['Ada', '7'] });
    const damaged = [...cursor].map(
      (_, n) => cursor.slice(0, n) + (cursor[n] === 'A' ? 'B' : 'A') + cursor.slice(n + 1),
    );
    for (const wrong of ['', 'x', cursor.slice(1), `${cursor}AAAA`, ...damaged]) {
      expect(() => fromCursor(list, wrong, COLUMNS)).toThrow('no cursor');
    }
    expect(() => fromCursor(['customers', 'desc'], cursor, COLUMNS)).toThrow('no cursor');
  });

  it('holds nothing that a server would refuse, whoever made it', () => {
    const columns: KeyColumn[] = [
      { column: 'at', type: 'timestamptz' },
      { column: 'id', type: 'uuid' },
      { column: 'n', type: 'bigint' },
      { column: 'name', type: 'text' },
    ];
    const right = ['2026-11-24T01:02:03.000004Z', '0190b6f5-7d5c-7c3f-8000-000000000001', '-1', 'Ada'];
    const made = (key: readonly string[]) => fromCursor(list, toCursor(list, { side: 'after', key }), columns);
    expect(made(right).key).toEqual(right);
    const wrong = ['2026-13-24T01:02:03.000004Z', '0190b6f5', String(2n ** 63n), 'A\0'];
    for (const [n, part] of wrong.entries()) expect(() => made(right.with(n, part))).toThrow('no cursor');
    expect(() => made(right.slice(1))).toThrow('no cursor');
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
