import { setTimeout as delay } from 'node:timers/promises';

export interface EventuallyOptions {
  /** Milliseconds after which the last failure is thrown. */
  timeoutMs?: number;
  /** Milliseconds between two tries. */
  everyMs?: number;
  /** Which failures something comes after; all, if not given. Others are thrown at once. */
  passes?: (failure: unknown) => boolean;
}

/** Calls `attempt` until it does not throw, and returns its value. For what becomes true by itself, instead of a sleep. */
export async function eventually<T>(attempt: () => T | Promise<T>, options: EventuallyOptions = {}): Promise<T> {
  const { timeoutMs = 20_000, everyMs = 25, passes = () => true } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() >= deadline || !passes(error)) throw error;
    }
    await delay(everyMs);
  }
}

const isUnavailable = (failure: unknown): boolean =>
  failure instanceof Error && 'code' in failure && failure.code === 'UNAVAILABLE';

/** Asks a service again while it says that it can't answer at the moment: that is told, and no wrong answer. */
export const untilAnswered = <T>(ask: () => Promise<T>): Promise<T> =>
  eventually(ask, { timeoutMs: 60_000, passes: isUnavailable });
