import { duration } from './duration.js';
import { counted, ranges, size } from './format.js';
import { bar } from './progress-bar.js';
import { table } from './table.js';

it.each([
  [[], ''],
  [[5], '5'],
  [[0, 1, 2, 7], '0-2,7'],
  [[1, 3, 4], '1,3-4'],
])('ranges(%j) is "%s"', (numbers, text) => {
  expect(ranges(numbers)).toBe(text);
});

it('shows sizes, times and counts as people do', () => {
  expect([0, 999, 1_234, 45_678_901, 5e12].map(size)).toEqual(['0 B', '999 B', '1.2 kB', '46 MB', '5.0 TB']);
  expect([0, 75, 3_661].map(duration)).toEqual(['0:00', '1:15', '1:01:01']);
  expect([0, 59.6, 75, 3_600, 36_610].map(duration)).toEqual(['0:00', '1:00', '1:15', '1:00:00', '10:10:10']);
  expect([counted(1, 'bucket'), counted(1_024, 'bucket')]).toEqual(['1 bucket', '1,024 buckets']);
});

it('draws bars within their bounds', () => {
  expect([bar(0, 4), bar(0.5, 4), bar(2, 4)]).toEqual(['░░░░', '██░░', '████']);
});

it('puts columns under each other', () => {
  const rows = [
    ['a', '1'],
    ['long', '1,000'],
  ];
  expect(table(rows, { right: [1] })).toBe('  a         1\n  long  1,000');
});

it('keeps each row of a table on its line', () => {
  const rows = [
    ['ab', 'two\n lines'],
    ['abcde', ''],
  ];
  expect(table(rows, { indent: 0 })).toBe('ab     two lines\nabcde');
});
