import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { HttpProblem, problem } from '../http/problem.js';
import { findTooDeep, MOST_LEVELS } from './json-depth.js';
import { jsonErrorIndex } from './json-error-index.js';
import { pointerTo } from './pointer.js';

/** Milliseconds within which a JSON body must have come in full. */
const BODY_TIMEOUT_MS = 15_000;

const tooLarge = (limit: number) =>
  problem('PAYLOAD_TOO_LARGE', `The body is larger than the ${limit} bytes that are taken here`);

/** Whether the request has a body: then it has one of two headers. */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/** `application/json` and its kin, in UTF-8. */
const isJson = (mediaType: string): boolean =>
  /^application\/(?:[\w.+-]+\+)?json\s*(?:;\s*charset="?utf-?8"?\s*)?$/i.test(mediaType);

/** @throws HttpProblem 415 for a body with a content encoding */
export function requireUnencoded({ headers }: IncomingMessage): void {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw problem('UNSUPPORTED_MEDIA_TYPE', `The body is encoded (${encoding.slice(0, 100)}): send it as it is`);
}

/** @throws HttpProblem 415 unless the headers say that the body is JSON, without a content encoding */
export function requireJson(request: IncomingMessage): void {
  requireUnencoded(request);
  const type = request.headers['content-type'];
  if (type !== undefined && isJson(type)) return;
  const given = type === undefined ? 'has no Content-Type' : `is ${type.slice(0, 100)}`;
  throw problem('UNSUPPORTED_MEDIA_TYPE', `The body ${given}: send application/json in UTF-8`);
}

/**
 * Chunks may have a byte each, and an object for each would take a hundred times its memory: they are joined as they
 * come.
 */
function append(body: Buffer, size: number, chunk: Buffer): Buffer {
  let joined = body;
  if (size + chunk.length > body.length) {
    joined = Buffer.allocUnsafeSlow(Math.max(size + chunk.length, 2 * body.length));
    body.copy(joined, 0, 0, size);
  }
  chunk.copy(joined, size);
  return joined;
}

/**
 * Reads the whole body into memory, bounded in size (bytes) and time.
 * @param take counts the bytes of each chunk, and throws an HttpProblem to refuse them
 * @throws HttpProblem 413, or 408 when the body is too slow or the client left half-way
 */
export async function readBody(
  request: IncomingMessage,
  limit: number,
  take: (bytes: number) => void = () => undefined,
): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
  let body: Buffer = Buffer.alloc(0);
  let size = 0;
  const timer = setTimeout(() => request.destroy(new Error('slow body')), BODY_TIMEOUT_MS);
  try {
    // An early end of the loop must not destroy the request, and with it the connection that the response needs.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (size + chunk.length > limit) throw tooLarge(limit);
      take(chunk.length);
      body = size === 0 ? chunk : append(body, size, chunk);
      size += chunk.length;
    }
  } catch (error) {
    if (error instanceof HttpProblem) throw error;
    throw problem('REQUEST_TIMEOUT', 'The body did not come in full', { headers: { connection: 'close' } });
  } finally {
    clearTimeout(timer);
  }
  return body.subarray(0, size);
}

/** Line and column, counted from 1, of a place in a text. */
function placeOf(text: string, index: number): string {
  const before = text.slice(0, index);
  const line = before.split('\n').length;
  return `line ${line}, column ${index - before.lastIndexOf('\n')}`;
}

function brokenJson(text: string) {
  const index = jsonErrorIndex(text);
  const fault =
    index >= text.length ? 'it ends too early' : `${JSON.stringify(text.charAt(index))} may not stand there`;
  return problem('INVALID_INPUT', `The body is not JSON at ${placeOf(text, index)}: ${fault}`);
}

function tooDeep(bytes: Buffer): HttpProblem | undefined {
  const found = findTooDeep(bytes);
  if (!found) return undefined;
  const detail = `is nested more than ${MOST_LEVELS} levels deep`;
  const { field } = found;
  if (field === undefined) return problem('INVALID_INPUT', `The body ${detail}`);
  return problem('INVALID_INPUT', `${field} ${detail}`, { problems: [{ pointer: pointerTo(field), detail }] });
}

/** @throws HttpProblem 400 that says where the text stops being a JSON object, or what of it is nested too deep */
export function parseJsonObject(bytes: Buffer): Record<string, unknown> {
  if (!isUtf8(bytes)) throw problem('INVALID_INPUT', 'The body is not UTF-8');
  const deep = tooDeep(bytes);
  if (deep) throw deep;
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw brokenJson(text);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  const given = Array.isArray(value) ? 'a list' : value === null ? 'null' : `a ${typeof value}`;
  throw problem('INVALID_INPUT', `The body must be a JSON object, not ${given}`);
}
