import { setTimeout as delay } from 'node:timers/promises';

/** How much later than the servers' own time-outs this side gives up on a server that froze or vanished. */
const GRACE_MS = 200;

/**
 * Waits for a result no longer than `timeoutMs` and a grace of 200 ms; without limit if `timeoutMs` is undefined. The
 * work itself goes on: the server's own time-out ends it.
 * @throws Error with the code ETIMEDOUT, which is transient, when the time is up
 */
export async function withTimeout<T>(timeoutMs: number | undefined, result: Promise<T>): Promise<T> {
  if (timeoutMs === undefined) return result;
  const settled = new AbortController();
  const timeout = delay(timeoutMs + GRACE_MS, undefined, { signal: settled.signal }).then((): never => {
    throw Object.assign(new Error(`no response within ${timeoutMs} ms`), { code: 'ETIMEDOUT' });
  });
  try {
    return await Promise.race([result, timeout]);
  } finally {
    timeout.catch(() => undefined);
    settled.abort();
  }
}
