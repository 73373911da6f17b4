import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits for so many milliseconds, or until `signal` is aborted. Never rejects: the caller asks the signal.
 * @param ref false: the wait alone keeps no process alive
 */
export const pause = async (ms: number, signal?: AbortSignal, ref = true): Promise<void> => {
  await delay(ms, undefined, { ref, ...(signal && { signal }) }).catch(() => undefined);
};
