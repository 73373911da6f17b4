import type { IncomingReply } from '@stoa/messaging';
import { matchesEtag } from '../http/etag.js';
import { jsonResponse, type HttpResponse } from '../http/response.js';
import { fillIn, type Fields, type Operation } from '../services/operation.js';

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

/** The response of an operation that succeeded. The body is passed on as it came. */
export function responseOf(
  operation: Operation,
  { body, servedBy }: IncomingReply,
  ifNoneMatch: string | undefined,
): HttpResponse {
  const { status } = operation.document;
  const headers = { 'cache-control': 'no-store', 'stoa-served-by': servedBy, ...outputHeaders(operation, body) };
  if (headers.etag !== undefined && !operation.isCommand) {
    // The client may keep it for itself, and revalidate it.
    headers['cache-control'] = 'private, no-cache';
    if (matchesEtag(headers.etag, ifNoneMatch)) return { status: 304, headers, body: undefined };
  }
  if (status === 204) return { status, headers, body: undefined };
  return jsonResponse(body, headers, status);
}
