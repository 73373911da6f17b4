import { InFlightBound } from './concurrency-limiter.js';

describe('InFlightBound', () => {
  const settings = { start: 10, min: 2, max: 12, targetWaitMs: 100 };

  it('lets in as many as its bound, and again when one leaves', () => {
    const bound = new InFlightBound({ ...settings, start: 2, max: 2 });
    expect([bound.enter(), bound.enter(), bound.enter()]).toEqual([true, true, false]);
    expect(bound.isFull).toBe(true);
    bound.leave(0);
    expect(bound.isFull).toBe(false);
    expect([bound.enter(), bound.enter()]).toEqual([true, false]);
    expect(bound.inFlight).toBe(2);
  });

  /** Fills the bound and lets all leave after the same wait. */
  const round = (bound: InFlightBound, waitMs: number | null): void => {
    let entered = 0;
    while (bound.enter()) entered += 1;
    for (; entered > 0; entered -= 1) bound.leave(waitMs);
  };

  it('grows fast until requests queue for the first time, then by about a half a round, up to its most', () => {
    const bound = new InFlightBound({ ...settings, max: 100 });
    round(bound, 5);
    round(bound, 5);
    expect(bound.bound).toBeGreaterThan(15);
    round(bound, 500);
    const shrunk = bound.bound;
    for (let i = 0; i < 4; i += 1) round(bound, 5);
    expect(bound.bound - shrunk).toBeGreaterThanOrEqual(1);
    expect(bound.bound - shrunk).toBeLessThanOrEqual(3);
    for (let i = 0; i < 500; i += 1) round(bound, 5);
    expect(bound.bound).toBe(100);
  });

  it('does not grow while few are in flight', () => {
    const bound = new InFlightBound(settings);
    for (let i = 0; i < 100; i += 1) {
      bound.enter();
      bound.leave(1);
    }
    expect(bound.bound).toBe(10);
  });

  it('takes a request without a reply for no sign while others are answered promptly', () => {
    let now = 10_000;
    const bound = new InFlightBound(settings, undefined, () => now);
    for (let i = 0; i < 20; i += 1) {
      bound.enter();
      bound.leave(1);
      bound.enter();
      bound.leave(null);
      bound.enter();
      bound.end();
      now += 300;
    }
    expect([bound.bound, bound.inFlight]).toEqual([10, 0]);
    now += 2_000;
    bound.enter();
    bound.leave(null);
    expect(bound.bound).toBe(7);
  });

  it('shrinks by a quarter when requests queue for too long or get no reply, once per moment, down to its least', () => {
    let now = 0;
    const seen: number[] = [];
    const bound = new InFlightBound(
      settings,
      (changed) => seen.push(changed),
      () => now,
    );
    round(bound, 101);
    expect(bound.bound).toBe(7);
    now += 200;
    round(bound, null);
    expect(bound.bound).toBe(5);
    for (; now < 5_000; now += 200) round(bound, 500);
    expect(bound.bound).toBe(2);
    expect(seen).toEqual([7, 5, 4, 3, 2]);
  });
});
