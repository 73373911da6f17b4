import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { trace } from '@stoa/service';
import type { MemoryCache } from '../cache/memory-cache.js';
import { matchesEtag } from '../http/etag.js';
import type { ResponseSender } from '../http/response-sender.js';

/** `Trace-Id` of a request that came without one. Nothing else is to be traced: the response is ready. */
const newTraceId = (): string => randomUUID().replaceAll('-', '');

/**
 * MemoryHits serves what is fresh in memory before the framework sees the request: with routing, hooks and reply
 * objects such a response would cost three times as much CPU (measured). A request that needs more goes on to Fastify.
 */
export class MemoryHits {
  private memory: MemoryCache | undefined;
  private takesOrigins = false;

  constructor(private readonly responses: ResponseSender) {}

  /** From now on requests are served. @param hasCors whether some pages' origins get headers of their own */
  open(memory: MemoryCache, hasCors: boolean): void {
    this.memory = memory;
    this.takesOrigins = !hasCors;
  }

  /** @returns false when the request has to go on to Fastify; then nothing was done with it. */
  serve(request: IncomingMessage, response: ServerResponse): boolean {
    const { method, headers, url } = request;
    if ((method !== 'GET' && method !== 'HEAD') || this.memory === undefined) return false;
    const entry = this.memory.fresh(url ?? '', performance.now());
    if (entry === undefined || headers.authorization !== undefined) return false;
    if (headers.origin !== undefined && !this.takesOrigins) return false;
    entry.hits.count++;
    const isKnown = matchesEtag(entry.response.etag, headers['if-none-match']);
    const traceId =
      headers['traceparent'] === undefined ? undefined : trace.parse(String(headers['traceparent']))?.traceId;
    const prepared = isKnown
      ? { status: 304, headers: entry.notModifiedHeaders, body: undefined }
      : { status: 200, headers: entry.headers, body: method === 'HEAD' ? undefined : entry.response.body };
    this.responses.sendPrepared(response, traceId ?? newTraceId(), prepared);
    return true;
  }
}
