import { bar, counted, duration, ranges, size, table } from './words.js';

it.each([
  [[], ''],
  [[5], '5'],
  [[0, 1, 2, 7], '0-2,7'],
  [[1, 3, 4], '1,3-4'],
])('ranges(%j) is "%s"', (numbers, text) => {
  expect(ranges(numbers)).toBe(text);
});

it('tells sizes, times and counts as people do', () => {
  expect([0, 999, 1_234, 45_678_901, 5e12].map(size)).toEqual(['0 B', '999 B', '1.2 kB', '46 MB', '5.0 TB']);
  expect([0, 75, 3_661].map(duration)).toEqual(['0:00', '1:15', '1:01:01']);
  expect([counted(1, 'bucket'), counted(1_024, 'bucket')]).toEqual(['1 bucket', '1,024 buckets']);
});

it('draws bars within their bounds', () => {
  expect([bar(0, 4), bar(0.5, 4), bar(2, 4)]).toEqual(['░░░░', '██░░', '████']);
});

it('puts columns under each other', () => {
  expect(
    table(
      [
        ['a', '1'],
        ['long', '1,000'],
      ],
      [1],
    ),
  ).toBe('  a         1\n  long  1,000');
});
