import { spreadOf } from './waits.js';

it('gives the spread of waits', () => {
  expect(spreadOf(Array.from({ length: 200 }, (_, n) => 200 - n))).toEqual({
    count: 200,
    p50: 101,
    p99: 199,
    max: 200,
  });
  expect(spreadOf([])).toEqual({ count: 0, p50: 0, p99: 0, max: 0 });
});
