import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { backoff } from '@stoa/timing';
import { send, type ShopResponse } from '../shop.js';

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly token?: string | undefined;
  /** The Idempotency-Key of a write: its retries are the same write. */
  readonly key?: string;
  readonly headers?: Record<string, string>;
}

/** No response came in time that says what happened. */
export class GaveUp extends Error {
  override readonly name = 'GaveUp';
}

/** How long a client waits: for one response, and in all until it gives up. Tests that cut servers off set less. */
export const timeouts = { attemptMs: 30_000, wholeMs: 60_000 };

/** One request that went out. */
export interface Attempt {
  /** The time at which it ended, of performance.now(). */
  readonly at: number;
  readonly ms: number;
  /** No response came, or one that says to try again. */
  readonly failed: boolean;
}

/** Emits each request that any client sends. */
export const attempts = new EventEmitter<{ attempt: [Attempt] }>();

/** The request was not done, or its outcome is unknown: it is right to send it again. */
const TRY_AGAIN = new Set([429, 502, 503, 504]);
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

/**
 * Sends a request as a good client does: again, with the same key, until a response says what happened.
 * @throws GaveUp
 */
export async function ask(request: Request, timeoutMs = timeouts.wholeMs): Promise<ShopResponse> {
  const deadline = performance.now() + timeoutMs;
  for (let failures = 1; ; failures += 1) {
    const outcome = await attempt(request);
    if (typeof outcome !== 'string') return outcome;
    if (performance.now() > deadline) throw new GaveUp(`${request.method} ${request.path}: ${outcome}`);
    await delay(backoff(failures, FIRST_PAUSE_MS, LONGEST_PAUSE_MS) * (0.5 + Math.random()));
  }
}

/** @returns the response, or in words why to try again. */
async function attempt({ method, path, body, token, key, headers }: Request): Promise<ShopResponse | string> {
  const all = { ...headers, ...(key === undefined ? {} : { 'idempotency-key': key }) };
  const startedAt = performance.now();
  let outcome: ShopResponse | string;
  try {
    const response = await send(method, path, body, { token, headers: all, timeoutMs: timeouts.attemptMs });
    outcome = TRY_AGAIN.has(response.status) ? `${response.status} ${response.text.slice(0, 200)}` : response;
  } catch (error) {
    outcome = error instanceof Error ? `${error.message} ${String(error.cause ?? '')}` : String(error);
  }
  const at = performance.now();
  attempts.emit('attempt', { at, ms: at - startedAt, failed: typeof outcome === 'string' });
  return outcome;
}
