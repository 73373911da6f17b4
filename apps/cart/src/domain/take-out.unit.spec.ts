import { takeOut } from './take-out.js';

const line = (sku: string, quantity: number) => ({ sku, quantity });

it('takes out what was ordered, and keeps what was added meanwhile', () => {
  const lines = [line('a', 2), line('b', 5), line('c', 1)];
  expect(takeOut(lines, [line('a', 2), line('b', 3)])).toEqual([line('b', 2), line('c', 1)]);
});

it('counts a SKU in two lines together, and takes no more than there is', () => {
  expect(takeOut([line('a', 3)], [line('a', 1), line('a', 1)])).toEqual([line('a', 1)]);
  expect(takeOut([line('a', 1)], [line('a', 2), line('gone', 1)])).toEqual([]);
});
