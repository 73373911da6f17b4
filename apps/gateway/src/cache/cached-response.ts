import { matchesEtag } from '../http/etag.js';
import { jsonResponse, type Headers, type HttpResponse } from '../http/response.js';

/**
 * A query's output that is the same for everybody, with how long it may be served. Times: this clone's
 * performance.now().
 */
export interface CachedResponse {
  readonly body: Buffer;
  readonly etag: string;
  /** The clone of the service that it came from. */
  readonly servedBy: string;
  /** Events that invalidate one of these make it stale. */
  readonly tags: readonly string[];
  readonly maxAgeMs: number;
  /** Before its query was sent: nothing that was acknowledged by then is missing in it. */
  readonly queriedAt: number;
}

/** Where a cached response came from: a cache, the service, or a cache because the service is unavailable. */
export type CacheOutcome = 'hit' | 'fetched' | 'stale';

/** When each tag was last made stale by an event. */
export interface Invalidations {
  lastOf(tag: string): number | undefined;
}

/**
 * Whether it may be served to a request that came at `arrival`. Its age counts from before its query was sent, so that
 * a response that was long on its way can't outlive a change; an event that came since then ends it early. Hence no
 * event has to arrive for the promise to hold.
 */
export function isFresh(response: CachedResponse, arrival: number, invalidations: Invalidations): boolean {
  if (arrival >= response.queriedAt + response.maxAgeMs) return false;
  for (const tag of response.tags) {
    const last = invalidations.lastOf(tag);
    if (last !== undefined && last >= response.queriedAt) return false;
  }
  return true;
}

/** Whether it may be served, marked as stale, while its service is unavailable. */
export const mayServeStale = (response: CachedResponse, now: number, staleMs: number): boolean =>
  now < response.queriedAt + staleMs;

/** The one that was queried later. */
export function newer(a: CachedResponse | undefined, b: CachedResponse | undefined): CachedResponse | undefined {
  if (!a || !b) return a ?? b;
  return a.queriedAt >= b.queriedAt ? a : b;
}

/** The headers of a cached response, with its outcome as RFC 9211 has it and, if it is stale, its age. */
export function cachedHeaders(response: CachedResponse, outcome: CacheOutcome, now: number): Headers {
  const headers = {
    etag: response.etag,
    'cache-control': 'no-cache',
    'cache-status': outcome === 'fetched' ? 'Stoa; fwd=miss' : 'Stoa; hit',
    'stoa-served-by': response.servedBy,
  };
  if (outcome !== 'stale') return headers;
  const left = Math.floor((response.queriedAt + response.maxAgeMs - now) / 1000);
  const age = Math.ceil((now - response.queriedAt) / 1000);
  return { ...headers, 'cache-status': `Stoa; hit; ttl=${left}; detail=stale`, age: String(age) };
}

/** The HTTP response to a cacheable query: 304 where the client has it already. */
export function cachedHttpResponse(
  response: CachedResponse,
  outcome: CacheOutcome,
  now: number,
  ifNoneMatch: string | undefined,
): HttpResponse {
  const headers = cachedHeaders(response, outcome, now);
  if (matchesEtag(response.etag, ifNoneMatch)) return { status: 304, headers, body: undefined };
  return jsonResponse(response.body, headers);
}
