import { backoff, spread } from './backoff.js';

it('doubles from the first pause up to the longest', () => {
  expect([1, 2, 3, 4, 5, 2_000].map((failures) => backoff(failures, 25, 150))).toEqual([25, 50, 100, 150, 150, 150]);
});

it('spreads a time by a quarter at most', () => {
  const times = Array.from({ length: 100 }, () => spread(1_000));
  expect(Math.min(...times)).toBeGreaterThanOrEqual(750);
  expect(Math.max(...times)).toBeLessThanOrEqual(1_250);
  expect(new Set(times).size).toBeGreaterThan(1);
});
