import * as fc from 'fast-check';
import {
  FAILURES_BEFORE_LOCK,
  FIRST_LOCK_MS,
  FORGET_AFTER_MS,
  LONGEST_LOCK_MS,
  takeAttempt,
  type Attempts,
} from './lock-out.js';

const NO_ATTEMPTS: Attempts = { failures: 0, failedAt: null, lockedUntil: null };
const start = new Date('2026-11-23T10:00:00Z');
const later = (from: Date, ms: number): Date => new Date(from.getTime() + ms);

/** Takes an attempt that must be allowed. */
function allowed(attempts: Attempts, now: Date): Attempts {
  const taken = takeAttempt(attempts, now);
  if ('lockedForMs' in taken) throw new Error(`locked for ${taken.lockedForMs} ms`);
  return taken.next;
}

function fail(times: number, at: Date): Attempts {
  let attempts = NO_ATTEMPTS;
  for (let n = 0; n < times; n++) attempts = allowed(attempts, at);
  return attempts;
}

describe('takeAttempt', () => {
  it('lets the first five through, then locks', () => {
    const five = fail(FAILURES_BEFORE_LOCK, start);
    expect(takeAttempt(five, start)).toEqual({ lockedForMs: FIRST_LOCK_MS });
    expect(takeAttempt(five, later(start, FIRST_LOCK_MS - 1))).toEqual({ lockedForMs: 1 });
    expect(takeAttempt(five, later(start, FIRST_LOCK_MS))).toHaveProperty('next');
  });

  it('doubles the time with each further failure, up to a quarter of an hour', () => {
    let attempts = fail(FAILURES_BEFORE_LOCK, start);
    let now = start;
    const locks: number[] = [];
    for (let n = 0; n < 8; n++) {
      const until = attempts.lockedUntil ?? now;
      locks.push(until.getTime() - now.getTime());
      now = until;
      attempts = allowed(attempts, now);
    }
    expect(locks).toEqual([30, 60, 120, 240, 480, 900, 900, 900].map((seconds) => seconds * 1000));
    expect(LONGEST_LOCK_MS).toBe(900_000);
  });

  it('starts anew after a day without a failure', () => {
    const four = fail(FAILURES_BEFORE_LOCK - 1, start);
    const next = allowed(four, later(start, FORGET_AFTER_MS + 1));
    expect(next).toMatchObject({ failures: 1, lockedUntil: null });
    expect(allowed(four, later(start, FORGET_AFTER_MS)).lockedUntil).not.toBeNull();
  });

  it('never lets more than five guesses and then one a lock through, however they are timed', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 60_000 }), { maxLength: 200 }), (waits) => {
        let [attempts, now, through] = [NO_ATTEMPTS, start, 0];
        for (const wait of waits) {
          now = later(now, wait);
          const taken = takeAttempt(attempts, now);
          if ('next' in taken) [attempts, through] = [taken.next, through + 1];
        }
        const seconds = (now.getTime() - start.getTime()) / 1000;
        // After the fifth guess the n-th further one needs 30 · (2^n - 1) seconds.
        expect(through).toBeLessThanOrEqual(FAILURES_BEFORE_LOCK + Math.log2(seconds / 30 + 1) + seconds / 900);
      }),
    );
  });
});
