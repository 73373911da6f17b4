import type { IncomingMessage } from 'node:http';
import { trace, type TraceContext } from '@stoa/service';
import type { FastifyRequest } from 'fastify';

/** One HTTP request on its way through the gateway. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly method: string;
  /** Path and query string as they came. */
  readonly target: string;
  /** The client's, as far as the proxies before the gateway are to be believed. */
  readonly address: string;
  readonly trace: TraceContext;
  /** When it came, by performance.now(). */
  readonly arrival: number;
  /** `service.operation` once it is known, for metrics and logs. */
  operation: string | undefined;
  /** The caller once it is known, or the account that somebody wants to sign in to, for security events. */
  who: string | undefined;
  /** Bytes of its JSON body that are held in memory. */
  bodyBytes: number;
}

/** A request as its response needs it. */
export type ResponseContext = Pick<Exchange, 'request' | 'target' | 'trace'>;

/** A step of the trace that the client sent, or of a new one. */
const traceOf = ({ headers }: FastifyRequest): TraceContext =>
  trace.child(trace.parse(String(headers['traceparent'] ?? '')));

/** The context of a request that no operation handles: fixed paths, and errors of Fastify. */
export const contextOf = (request: FastifyRequest): ResponseContext => ({
  request: request.raw,
  target: request.raw.url ?? '/',
  trace: traceOf(request),
});

/** The exchange that a request to an operation begins. */
export const exchangeOf = (request: FastifyRequest): Exchange => ({
  request: request.raw,
  method: request.method,
  target: request.raw.url ?? '/',
  address: request.ip,
  trace: traceOf(request),
  arrival: performance.now(),
  operation: undefined,
  who: undefined,
  bodyBytes: 0,
});

/** The path without the query string. */
export const pathOf = (target: string): string => {
  const end = target.indexOf('?');
  return end === -1 ? target : target.slice(0, end);
};

/** A header that may be given once; several are taken as one with commas. */
export const headerOf = ({ request }: Exchange, name: string): string | undefined => {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
};
