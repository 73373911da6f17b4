import { Agent, request } from 'node:http';
import type { Headers, Step } from './load.js';

/** The outcome of one request. */
export interface Outcome {
  /** The time at which it was due, of performance.now(). */
  readonly at: number;
  /** From then to the end of the response. */
  readonly ms: number;
  /** From then to its sending: the sender's own delay. */
  readonly lateMs: number;
  /** 0 without a response. */
  readonly status: number;
  readonly hasRetryAfter: boolean;
  /** The fault of the response, in words. */
  readonly problem: string | undefined;
}

export interface Offer {
  readonly url: string;
  readonly perSecond: number;
  readonly seconds: number;
  /** The next request. Its check gets the status 0 where no response came. */
  readonly next: () => Step;
}

const TICK_MS = 5;
/** Longer than any budget: a request without a response by then gets none. */
const TIMEOUT_MS = 15_000;

/**
 * Sends requests at a rate, whatever the outcome of those before, as the world does. Connections that wait for
 * responses would slow down with the server.
 * @returns the outcome of each, once all have ended
 */
export async function offer({ url, perSecond, seconds, next }: Offer): Promise<Outcome[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity, scheduling: 'lifo' });
  const outcomes: Promise<Outcome>[] = [];
  const startedAt = performance.now();
  const total = Math.round(perSecond * seconds);
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1_000) * perSecond));
      while (outcomes.length < due) {
        const at = startedAt + (outcomes.length / perSecond) * 1_000;
        outcomes.push(send(agent, url, next(), at));
      }
      if (due < total) return;
      clearInterval(timer);
      resolve();
    }, TICK_MS);
  });
  const all = await Promise.all(outcomes);
  agent.destroy();
  return all;
}

function send(agent: Agent, url: string, step: Step, at: number): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const lateMs = performance.now() - at;
  const ended = (status: number, body: string, headers: Headers = {}): void => {
    const hasRetryAfter = headers['retry-after'] !== undefined;
    resolve({
      at,
      ms: performance.now() - at,
      lateMs,
      status,
      hasRetryAfter,
      problem: step.check(status, body, headers),
    });
  };
  const headers = { ...step.headers, ...(step.body === undefined ? {} : { 'content-type': 'application/json' }) };
  const sent = request(url + step.path, { method: step.method, agent, headers, timeout: TIMEOUT_MS }, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      ended(response.statusCode ?? 0, body, response.headers);
    });
    response.on('error', (error) => ended(0, error.message));
  });
  sent.on('timeout', () => sent.destroy(new Error('no response in 15 s')));
  sent.on('error', (error) => ended(0, error.message));
  sent.end(step.body);
  return promise;
}
