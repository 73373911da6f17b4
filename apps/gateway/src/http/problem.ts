import { commonErrors, type Problem } from '@stoa/contract-kit';

/** Refusals of the gateway itself that no contract and no service knows: they are about HTTP. */
const httpErrors = {
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TIMEOUT: 408,
  URI_TOO_LONG: 414,
  HEADERS_TOO_LARGE: 431,
} as const;

/** Seconds after which a refusal may be gone, by its status; sent as Retry-After where nothing knows better. */
const RETRY_AFTER: Readonly<Record<number, number>> = { 429: 30, 503: 1, 504: 1 };

export type Headers = Readonly<Record<string, string>>;

/** A refusal as HTTP answers it. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly problems?: readonly Problem[],
    readonly headers: Headers = {},
  ) {
    super(detail);
  }
}

export type GatewayErrorCode = keyof typeof commonErrors | keyof typeof httpErrors;

/** A refusal by the gateway. `detail` says what is wrong and what to do. */
export function problem(
  code: GatewayErrorCode,
  detail: string,
  { problems, headers }: { problems?: readonly Problem[]; headers?: Headers } = {},
): HttpProblem {
  return new HttpProblem(statusOf(code), code, detail, problems, headers);
}

/** The HTTP status of a code: the contract's own first, then the common ones; 500 for one that nobody declared. */
export function statusOf(code: string, declared: Readonly<Record<string, number>> = {}): number {
  const known: Readonly<Record<string, number>> = { ...httpErrors, ...commonErrors, ...declared };
  return known[code] ?? 500;
}

/** `UNKNOWN_SKU` → `Unknown sku`. */
function titleOf(code: string): string {
  const words = code.toLowerCase().replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What the problem is about: the path asked for (without the query string, which may hold what is nobody's business). */
export interface ProblemContext {
  readonly instance: string;
  readonly traceId: string;
}

/** The body of an RFC 9457 answer. */
export function problemBody({ status, code, detail, problems }: HttpProblem, context: ProblemContext): string {
  return JSON.stringify({
    type: `https://stoa.dev/problems/${code.toLowerCase().replaceAll('_', '-')}`,
    title: titleOf(code),
    status,
    code,
    detail,
    instance: context.instance,
    traceId: context.traceId,
    ...(problems !== undefined && problems.length > 0 && { errors: problems }),
  });
}

/** The headers of a problem: its own, and Retry-After where trying again may help. */
export function problemHeaders({ status, headers }: HttpProblem): Headers {
  const seconds = RETRY_AFTER[status];
  return {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    ...(seconds !== undefined && { 'retry-after': String(seconds) }),
    ...headers,
  };
}
