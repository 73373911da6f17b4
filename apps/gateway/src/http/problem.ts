import { commonErrors, type ErrorDetails, type Problem } from '@stoa/contract-kit';
import { isTransient } from '@stoa/postgres';
import { pathOf, type ResponseContext } from './exchange.js';
import type { Headers, HttpResponse } from './response.js';

/** Errors of the gateway itself that no contract and no service knows: they are about HTTP. */
const httpErrors = {
  REAUTHENTICATION_REQUIRED: 401,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TIMEOUT: 408,
  URI_TOO_LONG: 414,
  HEADERS_TOO_LARGE: 431,
} as const;

/** Seconds after which a retry may succeed, by status; sent as Retry-After where the error names none. */
const RETRY_AFTER: Readonly<Record<number, number>> = { 429: 30, 503: 1, 504: 1 };

/** An error with all that its response says. Thrown anywhere in the gateway, sent by `ResponseSender`. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly problems?: readonly Problem[],
    readonly headers: Headers = {},
    /** Names it as a security event, where its code does not say enough. */
    readonly event?: string,
    /** Of the service's error, as it gave them. */
    readonly details?: ErrorDetails,
  ) {
    super(detail);
  }
}

/** The error codes that the gateway itself may use. */
export type GatewayErrorCode = keyof typeof commonErrors | keyof typeof httpErrors;

/** An error of the gateway itself. @param detail says what is wrong and what to do */
export function problem(
  code: GatewayErrorCode,
  detail: string,
  { problems, headers, event }: { problems?: readonly Problem[]; headers?: Headers; event?: string } = {},
): HttpProblem {
  return new HttpProblem(statusOf(code), code, detail, problems, headers, event);
}

/** The HTTP status of a code: the contract's own first, then the common ones; 500 for one that nobody declared. */
export function statusOf(code: string, declared: Readonly<Record<string, number>> = {}): number {
  const known: Readonly<Record<string, number>> = { ...httpErrors, ...commonErrors, ...declared };
  return known[code] ?? 500;
}

/**
 * Whether the service, or a shard of it, is unavailable (503) or too slow (504): the same request may succeed later.
 */
export const isTransientProblem = (error: unknown): error is HttpProblem =>
  error instanceof HttpProblem && (error.status === 503 || error.status === 504);

/** `UNKNOWN_SKU` → `Unknown sku`. */
function titleOf(code: string): string {
  const words = code.toLowerCase().replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The request of a problem: its path (without the query string, which may hold secrets) and its trace. */
export interface ProblemContext {
  readonly instance: string;
  readonly traceId: string;
}

/** The body of a problem as RFC 9457 has it. */
export function problemBody({ status, code, detail, problems, details }: HttpProblem, context: ProblemContext): string {
  return JSON.stringify({
    type: `https://stoa.dev/problems/${code.toLowerCase().replaceAll('_', '-')}`,
    title: titleOf(code),
    status,
    code,
    detail,
    instance: context.instance,
    traceId: context.traceId,
    ...(problems !== undefined && problems.length > 0 && { errors: problems }),
    ...(details && { details }),
  });
}

/** The headers of a problem: its own, and Retry-After where a retry may help. */
export function problemHeaders({ status, headers }: HttpProblem): Headers {
  const seconds = RETRY_AFTER[status];
  return {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    ...(seconds !== undefined && { 'retry-after': String(seconds) }),
    ...headers,
  };
}

/** An unforeseen fault as callers see it: its cause is for the log only. */
const faultOf = (error: unknown): HttpProblem =>
  isTransient(error)
    ? problem('UNAVAILABLE', 'What this needs cannot be reached; try again')
    : new HttpProblem(500, 'INTERNAL', 'Something went wrong here; the log has it under the trace id');

/** The response of an error, whatever was thrown. */
export function problemResponse(
  error: unknown,
  { target, trace }: Pick<ResponseContext, 'target' | 'trace'>,
): HttpResponse {
  const thrown = error instanceof HttpProblem ? error : faultOf(error);
  const body = problemBody(thrown, { instance: pathOf(target), traceId: trace.traceId });
  return { status: thrown.status, headers: problemHeaders(thrown), body };
}
