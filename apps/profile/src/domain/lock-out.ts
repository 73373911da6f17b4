/** Wrong passwords in a row, as they are counted for one source or for all strangers together. */
export interface Attempts {
  readonly failures: number;
  readonly failedAt: Date | null;
  readonly lockedUntil: Date | null;
}

/**
 * The attempts on one account. Each source has a count of its own, so that wrong passwords of one lock out no other
 * (OWASP, "Slow Down Online Guessing Attacks with Device Cookies").
 */
export interface AccountAttempts {
  readonly bySource: Readonly<Record<string, Attempts>>;
  /** All sources that are not known to be the owner's: guesses from many addresses have an end as well. */
  readonly strangers: Attempts;
}

/** So many wrong passwords in a row lock a source out for `FIRST_LOCK_MS`; each further one doubles that. */
export const FAILURES_BEFORE_LOCK = 5;
/** So many of all strangers together lock strangers out, and nobody else (NIST SP 800-63B allows 100). */
export const STRANGERS_BEFORE_LOCK = 50;
/** How long the first lock-out lasts. */
export const FIRST_LOCK_MS = 30_000;
/** How long a lock-out lasts at most. */
export const LONGEST_LOCK_MS = 15 * 60_000;
/** After so long without a failure, counting starts anew. */
export const FORGET_AFTER_MS = 24 * 3_600_000;
/** Sources that are kept of one account; of more, those that failed longest ago are forgotten. */
const MOST_SOURCES = 100;

/** No attempt so far. */
export const NO_ATTEMPTS: Attempts = { failures: 0, failedAt: null, lockedUntil: null };

/** Where an attempt comes from. */
export interface Source {
  /** Names the source in the account's attempts. */
  readonly name: string;
  /** Whether the owner was there before: a session of theirs, or a device that signed in. */
  readonly isKnown: boolean;
  /** The network of a stranger, for the owner to read. */
  readonly network: string | null;
}

/** Somebody who is signed in: asked for the password again. */
export const SIGNED_IN: Source = { name: 'signed-in', isKnown: true, network: null };

/** The source of a sign-in. @param device one that signed in to this account before */
export const sourceOf = (network: string | undefined, device: string | undefined): Source =>
  device === undefined
    ? { name: `network:${network ?? ''}`, isKnown: false, network: network ?? null }
    : { name: `device:${device}`, isKnown: true, network: network ?? null };

function lockMs(failures: number, beforeLock: number): number {
  const doublings = failures - beforeLock;
  return doublings < 0 ? 0 : Math.min(LONGEST_LOCK_MS, FIRST_LOCK_MS * 2 ** doublings);
}

const isForgotten = ({ failedAt }: Attempts, now: Date): boolean =>
  failedAt === null || now.getTime() - failedAt.getTime() > FORGET_AFTER_MS;

const lockedForMs = ({ lockedUntil }: Attempts, now: Date): number => (lockedUntil?.getTime() ?? 0) - now.getTime();

function counted(attempts: Attempts, now: Date, beforeLock: number): Attempts {
  const failures = (isForgotten(attempts, now) ? 0 : attempts.failures) + 1;
  const lock = lockMs(failures, beforeLock);
  return { failures, failedAt: now, lockedUntil: lock === 0 ? null : new Date(now.getTime() + lock) };
}

/**
 * Takes one attempt, counting it as failed until it is known to have succeeded: however many guesses come side by side,
 * no more of them get through than one after the other.
 * @returns the attempts with this one counted, and whether a lock-out begins with it; or how many milliseconds the
 *   source stays locked out.
 */
export function takeAttempt(
  account: AccountAttempts,
  { name, isKnown }: Source,
  now: Date,
): { next: AccountAttempts; locks: boolean } | { lockedForMs: number } {
  const own = account.bySource[name] ?? NO_ATTEMPTS;
  const locked = Math.max(lockedForMs(own, now), isKnown ? 0 : lockedForMs(account.strangers, now));
  if (locked > 0) return { lockedForMs: locked };
  const next = counted(own, now, FAILURES_BEFORE_LOCK);
  const strangers = isKnown ? account.strangers : counted(account.strangers, now, STRANGERS_BEFORE_LOCK);
  const others = Object.entries(account.bySource)
    .filter(([source, attempts]) => source !== name && !isForgotten(attempts, now))
    .toSorted(([, a], [, b]) => (b.failedAt?.getTime() ?? 0) - (a.failedAt?.getTime() ?? 0))
    .slice(0, MOST_SOURCES - 1);
  const locks = next.lockedUntil !== null || (!isKnown && strangers.lockedUntil !== null);
  return { next: { bySource: { ...Object.fromEntries(others), [name]: next }, strangers }, locks };
}

/** The attempts after one that succeeded: those of its source are forgotten, and are none of strangers. */
export function forgive({ bySource, strangers }: AccountAttempts, { name, isKnown }: Source): AccountAttempts {
  const { [name]: own, ...others } = bySource;
  if (isKnown) return { bySource: others, strangers };
  const failures = Math.max(0, strangers.failures - (own?.failures ?? 0));
  const lockedUntil = failures < STRANGERS_BEFORE_LOCK ? null : strangers.lockedUntil;
  return { bySource: others, strangers: { ...strangers, failures, lockedUntil } };
}
