import * as fc from 'fast-check';
import {
  FAILURES_BEFORE_LOCK,
  FIRST_LOCK_MS,
  FORGET_AFTER_MS,
  forgive,
  LONGEST_LOCK_MS,
  NO_ATTEMPTS,
  SIGNED_IN,
  sourceOf,
  STRANGERS_BEFORE_LOCK,
  takeAttempt,
  type AccountAttempts,
  type Source,
} from './lock-out.js';

const NOBODY: AccountAttempts = { bySource: {}, strangers: NO_ATTEMPTS };
const stranger = sourceOf('203.0.113.1', undefined);
const owner = sourceOf('203.0.113.1', 'phone');
const start = new Date('2026-11-23T10:00:00Z');
const later = (from: Date, ms: number): Date => new Date(from.getTime() + ms);

/** Takes an attempt that must be allowed. */
function allowed(attempts: AccountAttempts, now: Date, source: Source = stranger): AccountAttempts {
  const taken = takeAttempt(attempts, source, now);
  if ('lockedForMs' in taken) throw new Error(`locked for ${taken.lockedForMs} ms`);
  return taken.next;
}

function fail(times: number, at: Date, before = NOBODY): AccountAttempts {
  let attempts = before;
  for (let n = 0; n < times; n++) attempts = allowed(attempts, at);
  return attempts;
}

describe('takeAttempt', () => {
  it('lets the first five through, then locks', () => {
    const five = fail(FAILURES_BEFORE_LOCK, start);
    expect(takeAttempt(five, stranger, start)).toEqual({ lockedForMs: FIRST_LOCK_MS });
    expect(takeAttempt(five, stranger, later(start, FIRST_LOCK_MS - 1))).toEqual({ lockedForMs: 1 });
    expect(takeAttempt(five, stranger, later(start, FIRST_LOCK_MS))).toHaveProperty('next');
  });

  it('locks nobody out but whoever was wrong: not another network, not a known device, not who is signed in', () => {
    const five = fail(FAILURES_BEFORE_LOCK, start);
    for (const source of [sourceOf('203.0.113.2', undefined), owner, SIGNED_IN])
      expect(takeAttempt(five, source, start)).toHaveProperty('next');
  });

  it('has an end for guesses from many networks, which concerns strangers only', () => {
    let attempts = NOBODY;
    for (let n = 0; n < STRANGERS_BEFORE_LOCK; n++)
      attempts = allowed(attempts, start, sourceOf(`2001:db8:0:${n}`, undefined));
    expect(takeAttempt(attempts, stranger, start)).toEqual({ lockedForMs: FIRST_LOCK_MS });
    expect(takeAttempt(attempts, owner, start)).toHaveProperty('next');
    // The owner's sign-ins give the guesses of others no new beginning.
    expect(takeAttempt(forgive(attempts, owner), stranger, start)).toHaveProperty('lockedForMs');
  });

  it('forgets the failures of whoever was right at last, also among those of all strangers', () => {
    const four = fail(4, start, allowed(NOBODY, start, sourceOf('198.51.100.1', undefined)));
    expect(forgive(four, stranger).strangers.failures).toBe(1);
    expect(Object.keys(forgive(four, stranger).bySource)).toEqual(['network:198.51.100.1']);
  });

  it('says when a lock-out begins', () => {
    expect(takeAttempt(fail(3, start), stranger, start)).toMatchObject({ locks: false });
    expect(takeAttempt(fail(4, start), stranger, start)).toMatchObject({ locks: true });
  });

  it('keeps few sources, however many there were', () => {
    let attempts = NOBODY;
    for (let n = 0; n < 300; n++) attempts = allowed(attempts, later(start, n), sourceOf(undefined, String(n)));
    expect(Object.keys(attempts.bySource)).toHaveLength(100);
    expect(attempts.bySource).toHaveProperty(['device:299']);
  });

  it('doubles the time with each further failure, up to a quarter of an hour', () => {
    let attempts = fail(FAILURES_BEFORE_LOCK, start);
    let now = start;
    const locks: number[] = [];
    for (let n = 0; n < 8; n++) {
      const until = attempts.bySource[stranger.name]?.lockedUntil ?? now;
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
    expect(next.bySource[stranger.name]).toMatchObject({ failures: 1, lockedUntil: null });
    expect(takeAttempt(four, stranger, later(start, FORGET_AFTER_MS))).toMatchObject({ locks: true });
  });

  it('never lets more than five guesses and then one a lock through, however they are timed', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 60_000 }), { maxLength: 200 }), (waits) => {
        let [attempts, now, through] = [NOBODY, start, 0];
        for (const wait of waits) {
          now = later(now, wait);
          const taken = takeAttempt(attempts, stranger, now);
          if ('next' in taken) [attempts, through] = [taken.next, through + 1];
        }
        const seconds = (now.getTime() - start.getTime()) / 1000;
        // After the fifth guess the n-th further one needs 30 · (2^n - 1) seconds.
        expect(through).toBeLessThanOrEqual(FAILURES_BEFORE_LOCK + Math.log2(seconds / 30 + 1) + seconds / 900);
      }),
    );
  });
});
