import { setTimeout as delay } from 'node:timers/promises';

export interface EventuallyOptions {
  /** Milliseconds after which the last failure is thrown: 60,000 if not given, because a busy machine is no failure. */
  timeoutMs?: number;
  /** Milliseconds between two tries; if not given, a tenth of what was waited already: at least 25, at most 250. */
  everyMs?: number;
  /** Which failures something comes after; all, if not given. Others are thrown at once. */
  passes?: (failure: unknown) => boolean;
}

/**
 * Calls `attempt` until it does not throw, and returns its value. For what becomes true by itself, instead of a sleep.
 */
export async function eventually<T>(attempt: () => T | Promise<T>, options: EventuallyOptions = {}): Promise<T> {
  const { timeoutMs = 60_000, everyMs, passes = () => true } = options;
  const started = performance.now();
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() - started >= timeoutMs || !passes(error)) throw error;
    }
    // Many tries open a connection or start a process: what takes long must not be slowed down by them.
    await delay(everyMs ?? Math.min(Math.max((performance.now() - started) / 10, 25), 250));
  }
}

const isUnavailable = (failure: unknown): boolean =>
  failure instanceof Error && 'code' in failure && failure.code === 'UNAVAILABLE';

/** Calls a service again while it replies UNAVAILABLE: a correct reply while it can't serve for a moment. */
export const untilAvailable = <T>(ask: () => Promise<T>): Promise<T> =>
  eventually(ask, { timeoutMs: 60_000, passes: isUnavailable });
