import { createHash } from 'node:crypto';
import { deriveId, newId } from '@stoa/messaging';
import type { Operation } from '../services/operation.js';
import { problem } from '../http/problem.js';
import type { Fields } from '../input/build-input.js';

/** Command ids of callers without an identity grow from it: their retries are told by key and body alone. */
const NOBODY = '00000000-0000-7000-8000-000000000000';

/** @throws HttpProblem 400 for a key that isn't 1 to 255 visible characters. */
export function idempotencyKey(header: string | readonly string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && /^[\x21-\x7e]{1,255}$/.test(header)) return header;
  throw problem('INVALID_INPUT', 'Idempotency-Key must have 1 to 255 visible ASCII characters, without white space');
}

export interface Attempt {
  readonly operation: Operation;
  /** With its fields filled in: the same key on another item is another command. */
  readonly path: string;
  readonly key: string | undefined;
  /** The caller as its token says; undefined for one who came without. */
  readonly callerId: string | undefined;
  readonly body: Buffer | string;
}

/**
 * The command's id: the same for each retry with the same Idempotency-Key, a fresh one without a key. Without a caller
 * the body belongs to it; and what such a caller does to things of their own starts with a new guest each time: a
 * stranger with the same weak key must not be answered with that guest's things.
 */
export function commandId({ operation, path, key, callerId, body }: Attempt): string {
  if (key === undefined) return newId();
  if (callerId !== undefined) return deriveId(callerId, operation.id, path, key);
  if (operation.document.key === 'caller.customerId') return newId();
  return deriveId(NOBODY, operation.id, path, key, createHash('sha256').update(body).digest('base64url'));
}

/** The record key of a command, which keeps one key's commands in order and leads to its bucket. */
export function recordKey(operation: Operation, input: Fields, callerId: string, id: string): string {
  const path = operation.document.key ?? 'command.id';
  if (path === 'caller.customerId') return callerId;
  if (path === 'command.id') return deriveId(id, 'mint', '0');
  const field = path.slice('input.'.length);
  const value = String(input[field]);
  return field === 'email' ? value.toLowerCase() : value;
}

const ETAG = /^(W\/)?"([^"]*)"$/;

/** The version that If-Match asks for. @throws HttpProblem 400 or 412. */
export function expectedVersion(operation: Operation, header: string | undefined): number | undefined {
  if (header === undefined || !operation.isCommand) return undefined;
  if (!operation.document.ifMatch) throw problem('INVALID_INPUT', `${operation.id} takes no If-Match`);
  if (header.trim() === '*') return undefined;
  const [, weak, tag] = ETAG.exec(header.trim()) ?? [];
  if (tag === undefined) throw problem('INVALID_INPUT', 'If-Match must be one ETag in quotes, such as "3"');
  if (weak || !/^\d{1,15}$/.test(tag)) throw problem('STALE_VERSION', `There is no version ${header.trim()}`);
  return Number(tag);
}
