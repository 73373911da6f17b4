import { setTimeout as delay } from 'node:timers/promises';
import { freeze } from './freeze.js';

/**
 * The budget of a request that is to be done, however busy the machine is: where a budget isn't what is tested. A test
 * that waits for its end gives its own.
 */
export const GENEROUS_BUDGET_MS = 60_000;

// Specs wait by these and by `eventually`, never by a bare timer: each name says why time has to pass
// (docs/decisions/0028-how-a-test-waits.md).

/** The pause of a simulated client between two requests. */
export const thinkTime = (ms: number): Promise<void> => delay(ms);

/** Work of a handler that takes so long, whatever else happens. */
export const simulatedWork = (ms: number): Promise<void> => delay(ms);

/** Lets other processes go on, for a fault at any moment of their work: no event marks it. */
export const letWorkProceed = (ms: number): Promise<void> => delay(ms);

/** Freezes a process for so long. */
export async function freezeFor(process: { readonly pid: number }, ms: number): Promise<void> {
  await freeze(process);
  await delay(ms);
  globalThis.process.kill(process.pid, 'SIGCONT');
}

/**
 * Checks again and again for so long that something stays as it is, where no event ends the wait. It can't fail on a
 * slow machine, only see less there.
 */
export async function holdsFor(ms: number, assertion: () => unknown): Promise<void> {
  const end = performance.now() + ms;
  do {
    await assertion();
    await delay(5);
  } while (performance.now() < end);
}

/**
 * For a promise of the product about time, where order shows nothing. Give several times what it takes on a busy
 * machine.
 * @throws Error when the work took longer
 */
export async function withinDeadline<T>(deadlineMs: number, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await work();
  const tookMs = Math.round(performance.now() - started);
  if (tookMs >= deadlineMs) throw new Error(`took ${tookMs} ms, and must take less than ${deadlineMs} ms`);
  return result;
}

export interface MostlyWithin {
  /** How often it is tried: an odd number. */
  readonly rounds: number;
  readonly deadlineMs: number;
}

/**
 * As `withinDeadline`, for a deadline that is near: it must hold in most rounds, since one or two may meet a moment in
 * which the whole machine stalls. A round calls `timed` once, with the part of it that has the deadline.
 */
export async function mostlyWithin(
  { rounds, deadlineMs }: MostlyWithin,
  round: (timed: (work: () => Promise<unknown>) => Promise<void>) => Promise<void>,
): Promise<void> {
  const took: number[] = [];
  for (let n = 0; n < rounds; n++) {
    await round(async (work) => {
      const started = performance.now();
      await work();
      took.push(Math.round(performance.now() - started));
    });
  }
  const median = took.toSorted((a, b) => a - b)[Math.floor(rounds / 2)];
  if (median === undefined) throw new Error('a round timed nothing');
  if (median >= deadlineMs) throw new Error(`took ${took.join(', ')} ms: most must take less than ${deadlineMs} ms`);
}

/** Measures every 100 ms while the work is under way. @returns its result, and the highest measurement */
export async function highestDuring<T>(
  measure: () => Promise<number>,
  work: () => Promise<T>,
): Promise<{ result: T; highest: number }> {
  let highest = await measure();
  const isOver = new AbortController();
  const watch = async (): Promise<void> => {
    while (!isOver.signal.aborted) {
      highest = Math.max(highest, await measure());
      await delay(100, undefined, { signal: isOver.signal }).catch(() => undefined);
    }
  };
  const watching = watch();
  try {
    return { result: await work(), highest };
  } finally {
    isOver.abort();
    await watching;
  }
}
