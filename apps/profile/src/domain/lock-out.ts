/** The attempts to sign in since the last that succeeded, as a credential counts them. */
export interface Attempts {
  readonly failures: number;
  readonly failedAt: Date | null;
  readonly lockedUntil: Date | null;
}

/** So many wrong passwords in a row lock the account for `FIRST_LOCK_MS`; each further one doubles that. */
export const FAILURES_BEFORE_LOCK = 5;
/** How long the first lock-out lasts. */
export const FIRST_LOCK_MS = 30_000;
/** How long a lock-out lasts at most. */
export const LONGEST_LOCK_MS = 15 * 60_000;
/** After so long without a failure, counting starts anew. */
export const FORGET_AFTER_MS = 24 * 3_600_000;

function lockMs(failures: number): number {
  const doublings = failures - FAILURES_BEFORE_LOCK;
  return doublings < 0 ? 0 : Math.min(LONGEST_LOCK_MS, FIRST_LOCK_MS * 2 ** doublings);
}

/**
 * Takes one attempt, counting it as failed until it is known to have succeeded: however many guesses come side by side,
 * no more of them get through than one after the other.
 * @returns the attempts with this one counted, or how many milliseconds the account stays locked.
 */
export function takeAttempt(attempts: Attempts, now: Date): { next: Attempts } | { lockedForMs: number } {
  const lockedForMs = (attempts.lockedUntil?.getTime() ?? 0) - now.getTime();
  if (lockedForMs > 0) return { lockedForMs };
  const forgotten = attempts.failedAt === null || now.getTime() - attempts.failedAt.getTime() > FORGET_AFTER_MS;
  const failures = (forgotten ? 0 : attempts.failures) + 1;
  const lock = lockMs(failures);
  return { next: { failures, failedAt: now, lockedUntil: lock === 0 ? null : new Date(now.getTime() + lock) } };
}
