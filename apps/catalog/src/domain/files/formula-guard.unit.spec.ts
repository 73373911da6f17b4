import { guarded, unguarded } from './formula-guard.js';

it.each(['=1', '+1', '-1', '@a', '\t1', '\r1', '\n1', '＝1', '＋1', '－1', '＠a', "'=1", "''@a"])(
  'what a spreadsheet computes is text in a cell: %j',
  (text) => {
    expect(guarded(text)).toBe(`'${text}`);
    expect(unguarded(guarded(text))).toBe(text);
  },
);

it.each(['', 'a=1', "'Tis", "''a", "'", ' 1', '1-1'])('other text stays as it is: %j', (text) => {
  expect([guarded(text), unguarded(text)]).toEqual([text, text]);
});
