import type { ServerResponse } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { LOGGER, type Logger, metrics, spans } from '@stoa/service';
import { SecurityLog } from '../audit/security-log.js';
import { MemoryCache } from '../cache/memory-cache.js';
import { pathOf, type Exchange } from '../http/exchange.js';
import { HttpProblem } from '../http/problem.js';

const seconds = metrics.histogram<'operation' | 'status'>({
  name: 'stoa_http_request_seconds',
  help: 'Time from a request to the end of its response; memory hits are only counted',
  labelNames: ['operation', 'status'],
});

/** Spans queue while their collector is unreachable: thousands of paths of 16 KiB would fill a clone's memory. */
const LONGEST_PATH = 512;

function recordSpan({ method, target, trace, arrival }: Exchange, operation: string, status: number): void {
  const attributes = {
    'http.request.method': method,
    'url.path': pathOf(target).slice(0, LONGEST_PATH),
    'http.response.status_code': status,
    'stoa.operation': operation,
  };
  // As OpenTelemetry has it: a server's span of a 4xx is no error.
  const error = status >= 500 ? String(status) : undefined;
  spans.ended(trace, { name: `${method} ${operation}`, kind: 'server', attributes }, arrival, error);
}

/** RequestLog counts and logs requests: one line each at debug, faults at error. Memory hits are counted only. */
@Injectable()
export class RequestLog {
  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    memory: MemoryCache,
    private readonly security: SecurityLog,
  ) {
    const requests = metrics.counter<'operation' | 'status'>({
      name: 'stoa_http_requests_total',
      help: 'Requests by operation and status',
      labelNames: ['operation', 'status'],
      collect() {
        for (const [operation, hits] of memory.takeHits()) {
          this.inc({ operation, status: '200' }, hits);
          cached.inc({ operation }, hits);
        }
      },
    });
    const cached = metrics.counter<'operation'>({
      name: 'stoa_http_memory_hits_total',
      help: 'Requests served from memory before the framework saw them',
      labelNames: ['operation'],
    });
    metrics.gauge({
      name: 'stoa_gateway_cache_bytes',
      help: 'Bytes of cached responses in memory, with their keys; at most CACHE_MEMORY_BYTES',
      collect() {
        this.set(memory.bytes);
      },
    });
    this.count = (operation, status) => requests.inc({ operation, status: String(status) });
  }

  private readonly count: (operation: string, status: number) => void;

  /** Follows a request to the end of its response, or until the client leaves. */
  watch(exchange: Exchange, response: ServerResponse): void {
    response.once('close', () => {
      const operation = exchange.operation ?? 'none';
      const status = response.writableFinished ? response.statusCode : 499;
      const ms = performance.now() - exchange.arrival;
      this.count(operation, status);
      seconds.observe({ operation, status: String(status) }, ms / 1000);
      if (spans.areOn) recordSpan(exchange, operation, status);
      if (!this.logger.isLevelEnabled('debug')) return;
      const { method, target, trace } = exchange;
      this.logger.debug(
        { method, path: pathOf(target), operation, status, ms: Math.round(ms), traceId: trace.traceId },
        'request',
      );
    });
  }

  /**
   * Logs a fault of the gateway or of a service, and security events. Other problems are the caller's business and are
   * not logged.
   */
  refused(exchange: Exchange, error: unknown): void {
    const { method, target, operation } = exchange;
    this.security.refused(exchange, error);
    const fields = { method, path: pathOf(target), operation };
    if (!(error instanceof HttpProblem)) this.logger.error({ ...fields, err: error }, 'request failed');
    else if (error.status >= 500)
      this.logger.warn({ ...fields, code: error.code, detail: error.detail }, 'request got no response of its service');
  }
}
