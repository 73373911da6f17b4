import { findTooDeep, MOST_LEVELS } from './json-depth.js';

const lists = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const find = (json: string) => findTooDeep(Buffer.from(json));

describe('depth of JSON', () => {
  it('is bounded before it is parsed, whole or cut off', () => {
    expect(find(lists(MOST_LEVELS))).toBeUndefined();
    expect(find(lists(MOST_LEVELS + 1))).toEqual({ field: undefined });
    expect(find('['.repeat(5_000))).toEqual({ field: undefined });
    expect(find(`{"a":${'{"a":'.repeat(MOST_LEVELS)}`)).toEqual({ field: 'a' });
  });

  it('names the field, however its name is written', () => {
    expect(find(`{"x":{"y":1},"a\\"\\u0062":${lists(MOST_LEVELS)}}`)).toEqual({ field: 'a"b' });
    expect(find(`{"a":${lists(MOST_LEVELS - 1)}}`)).toBeUndefined();
  });

  it('counts no brackets of texts, and those that were closed only once', () => {
    expect(find(JSON.stringify({ text: `"\\${'['.repeat(100)}` }))).toBeUndefined();
    expect(find(`[${'[],'.repeat(100)}1]`)).toBeUndefined();
    expect(find(`"${'\\'.repeat(99)}`)).toBeUndefined();
  });
});
