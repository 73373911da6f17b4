import { createHash } from 'node:crypto';
import type { ApiResponse } from '../api/intents.js';
import type { Ledger } from '../ledger/ledger.js';
import { ApiError } from './errors.js';

const DAY_MS = 24 * 3_600_000;

const requestOf = (line: string, body: string): string => createHash('sha256').update(`${line}\n${body}`).digest('hex');

/**
 * The response that was given under this key before.
 * @throws ApiError when it was another request
 */
export function earlierResponse(ledger: Ledger, key: string, line: string, body: string): ApiResponse | undefined {
  const text = 'SELECT request, status, body FROM responses WHERE key = ? AND at > ?';
  const row = ledger.one<{ request: string; status: number; body: string }>(text, key, Date.now() - DAY_MS);
  if (!row) return undefined;
  if (row.request !== requestOf(line, body)) {
    throw new ApiError(400, {
      type: 'idempotency_error',
      message: `Keys for idempotent requests can only be used with the same parameters they were first used with: ${key}`,
    });
  }
  return { status: row.status, body: JSON.parse(row.body) as object };
}

/** Keeps a response for a day. As at Stripe those of requests that were not valid are not kept, those of a 500 are. */
export function keepResponse(ledger: Ledger, key: string, line: string, body: string, response: ApiResponse): void {
  ledger.run(
    'INSERT OR REPLACE INTO responses (key, request, status, body, at) VALUES (?, ?, ?, ?, ?)',
    key,
    requestOf(line, body),
    response.status,
    JSON.stringify(response.body),
    Date.now(),
  );
}

/** Forgets what is older than a day. */
export function purgeResponses(ledger: Ledger): void {
  ledger.run('DELETE FROM responses WHERE at < ?', Date.now() - DAY_MS);
}
