import * as fc from 'fast-check';
import { mergeSorted } from './merge.js';

const byNumber = (a: number, b: number): number => a - b;

describe('mergeSorted', () => {
  it('gives what sorting everything and cutting it off gives', () => {
    const lists = fc.array(fc.array(fc.integer({ min: -20, max: 20 })).map((list) => list.toSorted(byNumber)));
    fc.assert(
      fc.property(lists, fc.nat(40), (sorted, limit) => {
        const all = sorted.flat().toSorted(byNumber);
        const { merged, more } = mergeSorted(sorted, byNumber, limit);
        expect(merged).toEqual(all.slice(0, limit));
        expect(more).toBe(all.length > limit);
      }),
    );
  });

  it('puts those of earlier lists first where they are equal', () => {
    const of = (list: string) => [1, 2].map((key) => ({ key, list }));
    const { merged } = mergeSorted([of('a'), of('b')], (x, y) => x.key - y.key, 9);
    expect(merged.map(({ key, list }) => `${key}${list}`)).toEqual(['1a', '1b', '2a', '2b']);
  });

  it('needs no more than a page and one row of each list to know the page', () => {
    const whole = fc.array(
      fc.array(fc.integer()).map((list) => list.toSorted(byNumber)),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(whole, fc.integer({ min: 1, max: 10 }), (lists, limit) => {
        const heads = lists.map((list) => list.slice(0, limit + 1));
        expect(mergeSorted(heads, byNumber, limit)).toEqual(mergeSorted(lists, byNumber, limit));
      }),
    );
  });
});
