import { setTimeout as delay } from 'node:timers/promises';

/** Waits for so many milliseconds, or until `signal` is aborted. Never rejects: the caller asks the signal. */
export const pause = async (ms: number, signal?: AbortSignal): Promise<void> => {
  await delay(ms, undefined, signal && { signal }).catch(() => undefined);
};
