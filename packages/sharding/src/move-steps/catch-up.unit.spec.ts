import { allowedLagMs } from './catch-up.js';
import { DEFAULT_LIMITS } from './context.js';

it('asks for quick replication at first, and for less the longer it has waited in vain', () => {
  const at = [0, 10_000, 15_000, 30_000, 59_000].map((waited) => allowedLagMs(DEFAULT_LIMITS, waited));
  expect(at).toEqual([100, expect.closeTo(166.7, 1), 250, 500, 500]);
});

it('never asks for more than it was told to', () => {
  expect(allowedLagMs({ lagMs: 800, markerMs: 1_000, stallMs: 1_000 }, 900)).toBe(800);
});
