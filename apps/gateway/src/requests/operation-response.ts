import type { Readable } from 'node:stream';
import type { IncomingReply } from '@stoa/messaging';
import type { CachedAnswer } from '../cache/cached-response.js';
import type { Found } from '../cache/cached-query.js';
import { fillIn, type Operation } from '../services/operation.js';
import type { Headers } from '../http/problem.js';
import type { Fields } from '../input/build-input.js';

/** What HTTP answers. Header names are in lower case. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer | string | Readable | undefined;
}

const JSON_TYPE = { 'content-type': 'application/json' };

/** Whether the client has that ETag already. Weak comparison, as RFC 9110 asks of If-None-Match. */
export function isKnown(etag: string, ifNoneMatch: string | undefined): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch === etag || ifNoneMatch.trim() === '*') return true;
  return ifNoneMatch.split(',').some((known) => known.trim().replace(/^W\//, '') === etag);
}

/** `ETag` and `Location` are fields of the output: only where the contract names one is the output parsed. */
function outputHeaders({ document }: Operation, body: Buffer): { etag?: string; location?: string } {
  if (document.etag === undefined && document.location === undefined) return {};
  const output = JSON.parse(body.toString('utf8')) as Fields;
  const version = document.etag === undefined ? undefined : output[document.etag];
  const encoded = Object.fromEntries(
    Object.entries(output).map(([name, value]) => [
      name,
      typeof value === 'string' ? encodeURIComponent(value) : value,
    ]),
  );
  const location = document.location === undefined ? undefined : fillIn(document.location, encoded);
  return {
    ...(version !== undefined && version !== null && { etag: `"${String(version)}"` }),
    ...(location !== undefined && { location }),
  };
}

/** The answer to an operation that succeeded. The body is passed on as it came. */
export function answerOf(
  operation: Operation,
  { body, servedBy }: IncomingReply,
  ifNoneMatch: string | undefined,
): Answer {
  const { status } = operation.document;
  const headers = { 'cache-control': 'no-store', 'stoa-served-by': servedBy, ...outputHeaders(operation, body) };
  if (headers.etag !== undefined && !operation.isCommand) {
    // The client may keep it for itself, and ask whether it still holds.
    headers['cache-control'] = 'private, no-cache';
    if (isKnown(headers.etag, ifNoneMatch)) return { status: 304, headers, body: undefined };
  }
  if (status === 204) return { status, headers, body: undefined };
  return { status, headers: { ...JSON_TYPE, ...headers }, body };
}

/** The answer to a cacheable query, with how it was come by (RFC 9211) and, if it stands in for one, its age. */
export function cachedAnswerOf({ answer, how }: Found, now: number, ifNoneMatch: string | undefined): Answer {
  const headers = {
    etag: answer.etag,
    'cache-control': 'no-cache',
    'stoa-served-by': answer.servedBy,
    ...statusHeaders(answer, how, now),
  };
  if (isKnown(answer.etag, ifNoneMatch)) return { status: 304, headers, body: undefined };
  return { status: 200, headers: { ...JSON_TYPE, ...headers }, body: answer.body };
}

function statusHeaders({ queriedAt, maxAgeMs }: CachedAnswer, how: Found['how'], now: number): Headers {
  if (how === 'fetched') return { 'cache-status': 'Stoa; fwd=miss' };
  if (how === 'hit') return { 'cache-status': 'Stoa; hit' };
  const left = Math.floor((queriedAt + maxAgeMs - now) / 1000);
  const age = Math.ceil((now - queriedAt) / 1000);
  return { 'cache-status': `Stoa; hit; ttl=${left}; detail=stale`, age: String(age) };
}
