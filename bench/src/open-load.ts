import { Agent, request } from 'node:http';
import type { Headers, Step } from './load.js';

/** What became of one request. */
export interface Outcome {
  /** Of performance.now(), when it was due. */
  readonly at: number;
  /** From then to the end of its answer. */
  readonly ms: number;
  /** How long after it was due it was sent: what the sender itself is slow by. */
  readonly lateMs: number;
  /** 0 without an answer. */
  readonly status: number;
  readonly hasRetryAfter: boolean;
  /** What is wrong with it, in words. */
  readonly problem: string | undefined;
}

export interface Offer {
  readonly url: string;
  readonly perSecond: number;
  readonly seconds: number;
  /** The next request. Its check hears of status 0 when no answer came. */
  readonly next: () => Step;
}

const TICK_MS = 5;
/** Longer than any budget: what is not answered by then never is. */
const TIMEOUT_MS = 15_000;

/**
 * Sends requests at a rate, whatever becomes of those before: as the world does, and other than connections that wait for their
 * answers and so slow down with whom they ask.
 * @returns what became of each, once all have ended
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
  const sent = request(url + step.path, { method: step.method, agent, headers, timeout: TIMEOUT_MS }, (answer) => {
    const chunks: Buffer[] = [];
    answer.on('data', (chunk: Buffer) => chunks.push(chunk));
    answer.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      ended(answer.statusCode ?? 0, body, answer.headers);
    });
    answer.on('error', (error) => ended(0, error.message));
  });
  sent.on('timeout', () => sent.destroy(new Error('no answer in 15 s')));
  sent.on('error', (error) => ended(0, error.message));
  sent.end(step.body);
  return promise;
}

/** The value below which `share` of them are; 0 of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
