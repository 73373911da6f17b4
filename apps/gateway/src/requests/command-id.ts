import { createHash } from 'node:crypto';
import { deriveId, newId } from '@stoa/messaging';
import { problem } from '../http/problem.js';
import { NOBODY_ID } from '../identity/identity.js';
import type { Operation } from '../services/operation.js';

/** @throws HttpProblem 400 for a key that isn't 1 to 255 visible characters */
export function idempotencyKey(header: string | readonly string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && /^[\x21-\x7e]{1,255}$/.test(header)) return header;
  throw problem('INVALID_INPUT', 'Idempotency-Key must have 1 to 255 visible ASCII characters, without white space');
}

/** One request to run a command. */
export interface Attempt {
  readonly operation: Operation;
  /** With its fields filled in: the same key on another item is another command. */
  readonly path: string;
  readonly key: string | undefined;
  /** The caller of the token; undefined for one who came without. */
  readonly callerId: string | undefined;
  readonly body: Buffer | string;
}

/**
 * The command's id: the same for each retry with the same Idempotency-Key, a fresh one without a key. Without a caller
 * the body belongs to it. Commands keyed by such a caller start with a new guest each time: a stranger with the same
 * weak key must not get that guest's cart.
 */
export function commandId({ operation, path, key, callerId, body }: Attempt): string {
  if (key === undefined) return newId();
  if (callerId !== undefined) return deriveId(callerId, operation.id, path, key);
  if (operation.document.key === 'caller.customerId') return newId();
  return deriveId(NOBODY_ID, operation.id, path, key, createHash('sha256').update(body).digest('base64url'));
}
