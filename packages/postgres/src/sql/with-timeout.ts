import { setTimeout as delay } from 'node:timers/promises';

/** How much later than the servers themselves this side gives up on a server that froze or vanished. */
const GRACE_MS = 200;

/** @throws an error that may pass, when the time is up. What was asked for is then ended by the server's own time-out. */
export async function withTimeout<T>(timeoutMs: number | undefined, answer: Promise<T>): Promise<T> {
  if (timeoutMs === undefined) return answer;
  const settled = new AbortController();
  const late = delay(timeoutMs + GRACE_MS, undefined, { signal: settled.signal }).then((): never => {
    throw Object.assign(new Error(`no answer within ${timeoutMs} ms`), { code: 'ETIMEDOUT' });
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    late.catch(() => undefined);
    settled.abort();
  }
}
