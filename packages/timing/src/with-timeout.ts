import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds that withServerTimeout waits beyond a server's own time-out. */
const GRACE_MS = 200;

/**
 * Waits for a result no longer than `timeoutMs`. The work itself goes on.
 * @throws Error with the code ETIMEDOUT, which is transient, when the time is up
 */
export async function withTimeout<T>(timeoutMs: number, result: Promise<T>, graceMs = 0): Promise<T> {
  const settled = new AbortController();
  const timeout = delay(timeoutMs + graceMs, undefined, { signal: settled.signal }).then((): never => {
    throw Object.assign(new Error(`no response within ${timeoutMs} ms`), { code: 'ETIMEDOUT' });
  });
  try {
    return await Promise.race([result, timeout]);
  } finally {
    timeout.catch(() => undefined);
    settled.abort();
  }
}

/**
 * As withTimeout, for work that a server ends by its own time-out: waits a little longer, so that the server's error
 * comes first, and this one only from a server that froze or vanished. Without a limit if `timeoutMs` is undefined.
 */
export const withServerTimeout = <T>(timeoutMs: number | undefined, result: Promise<T>): Promise<T> =>
  timeoutMs === undefined ? result : withTimeout(timeoutMs, result, GRACE_MS);
