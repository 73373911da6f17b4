import { isUtf8 } from 'node:buffer';
import { headerOf, type Exchange } from '../http/exchange.js';
import { problem } from '../http/problem.js';
import type { Fields, Operation } from '../services/operation.js';
import { readBody, requireUnencoded } from './read-body.js';

/**
 * The input of an operation that takes its body as it comes: the text, and the headers that its contract names, for a
 * signature over both.
 * @param limit bytes that any body may have
 * @param take see readBody
 * @throws HttpProblem 400 for what is no text that a service could store, 408, 413, or 415 for an encoded body
 */
export async function readRawBody(
  exchange: Exchange,
  { document }: Operation,
  limit: number,
  take: (bytes: number) => void,
): Promise<Fields> {
  const { maxBytes, headers: wanted } = document.rawBody!;
  requireUnencoded(exchange.request);
  const bytes = await readBody(exchange.request, Math.min(limit, maxBytes), take);
  if (!isUtf8(bytes)) throw problem('INVALID_INPUT', 'The body is not UTF-8');
  if (bytes.includes(0)) throw problem('INVALID_INPUT', 'The body must not contain the character U+0000');
  const given = wanted.flatMap((name) => {
    const value = headerOf(exchange, name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return { body: bytes.toString('utf8'), headers: Object.fromEntries(given) };
}
