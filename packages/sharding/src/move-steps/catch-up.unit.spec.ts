import { allowedLagMs } from './catch-up.js';
import { DEFAULT_LIMITS } from './move-limits.js';

it('demands quick replication at first, and accepts more lag the longer it has waited', () => {
  const at = [0, 10_000, 15_000, 30_000, 59_000].map((waited) => allowedLagMs(DEFAULT_LIMITS, waited));
  expect(at).toEqual([100, expect.closeTo(166.7, 1), 250, 500, 500]);
});

it('never demands more than its limit', () => {
  expect(allowedLagMs({ lagMs: 800, markerMs: 1_000, stallMs: 1_000 }, 900)).toBe(800);
});
