import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { trace } from '@stoa/service';
import type { MemoryCache } from '../cache/memory-cache.js';
import { isKnown } from '../requests/operation-response.js';

/** `Trace-Id` of a request that came without one. Nothing else is to be traced: the answer is ready. */
const newTraceId = (): string => randomUUID().replaceAll('-', '');

/**
 * Answers what is fresh in memory before the framework sees the request: with routing, hooks and reply objects such an
 * answer would cost three times as much CPU (measured). Whatever needs more than the ready bytes goes the long way.
 */
export class FastLane {
  private memory: MemoryCache | undefined;
  private draining = false;
  private takesOrigins = false;

  /** From now on it answers. @param hasCors whether some pages' origins get headers of their own */
  open(memory: MemoryCache, hasCors: boolean): void {
    this.memory = memory;
    this.takesOrigins = !hasCors;
  }

  /** From now on its answers ask clients to close their connections. */
  drain(): void {
    this.draining = true;
  }

  /** @returns false when the request has to go the long way; then nothing was done with it. */
  serve(request: IncomingMessage, response: ServerResponse): boolean {
    const { method, headers, url } = request;
    if ((method !== 'GET' && method !== 'HEAD') || this.memory === undefined) return false;
    const entry = this.memory.fresh(url ?? '', performance.now());
    if (entry === undefined || headers.authorization !== undefined) return false;
    if (headers.origin !== undefined && !this.takesOrigins) return false;
    entry.hits.count++;
    const known = isKnown(entry.answer.etag, headers['if-none-match']);
    const traceId =
      headers['traceparent'] === undefined ? undefined : trace.parse(String(headers['traceparent']))?.traceId;
    const sent = ['Trace-Id', traceId ?? newTraceId(), ...(known ? entry.shortHeaders : entry.headers)];
    if (this.draining) sent.push('Connection', 'close');
    response.writeHead(known ? 304 : 200, sent);
    response.end(known || method === 'HEAD' ? undefined : entry.answer.body);
    return true;
  }
}
