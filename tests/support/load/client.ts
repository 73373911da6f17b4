import { setTimeout as delay } from 'node:timers/promises';
import { send, type Answer } from '../shop.js';

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly token?: string | undefined;
  /** The Idempotency-Key of a write: its retries are the same write. */
  readonly key?: string;
  readonly headers?: Record<string, string>;
}

/** No answer that says what happened came in time. */
export class GaveUp extends Error {
  override readonly name = 'GaveUp';
}

/** From the load balancer or the gateway: the request was not done, or nobody knows; asking again is right. */
const TRY_AGAIN = new Set([502, 503, 504]);
const LONGEST_PAUSE_MS = 1_000;

/** Sends a request as a good client does: again, with the same key, until an answer says what happened. */
export async function ask(request: Request, patienceMs = 60_000): Promise<Answer> {
  const { method, path, body, token, key, headers } = request;
  const options = { token, headers: { ...headers, ...(key === undefined ? {} : { 'idempotency-key': key }) } };
  const deadline = performance.now() + patienceMs;
  let trouble = '';
  for (let pause = 50; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      const answer = await send(method, path, body, options);
      if (!TRY_AGAIN.has(answer.status)) return answer;
      trouble = `${answer.status} ${answer.text.slice(0, 200)}`;
    } catch (error) {
      trouble = error instanceof Error ? `${error.message} ${String(error.cause ?? '')}` : String(error);
    }
    if (performance.now() > deadline) throw new GaveUp(`${method} ${path}: ${trouble}`);
    await delay(pause * (0.5 + Math.random()));
  }
}
