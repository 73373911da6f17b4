/**
 * Whose fault it is that some work failed.
 *
 * - `work`: what was asked: its data, a constraint, its statement, a bug. No retry mends it.
 * - `passing`: others were in its way, or the moment was bad: the same work may succeed at once.
 * - `server`: the server, or the way to it, is down, starting, full or read-only: all work fails there for a while.
 * - `operator`: the server refuses this service as a whole, until somebody changes a setting.
 * - `unknown`: the server failed in a way that is not listed here.
 */
export type Fault = 'work' | 'passing' | 'server' | 'operator' | 'unknown';

/** The SQLSTATE of Postgres's errors, or the code of a system error such as ECONNREFUSED. */
export function codeOf(error: unknown): string | undefined {
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** The session is gone, or could not be had: nothing is known to be wrong with the statement. */
export class ConnectionLost extends Error {
  override readonly name: string = 'ConnectionLost';
  /** SQLSTATE or system error code, where there was one. */
  readonly code: string | undefined;
  constructor(cause: unknown, what: string) {
    const reason = cause instanceof Error && cause.message ? cause.message : (codeOf(cause) ?? String(cause));
    super(`${what}: ${reason}`, { cause });
    this.code = codeOf(cause);
  }
}

/** The connection to a server broke or could not be made. What was under way may or may not have been committed. */
export class SessionLost extends ConnectionLost {
  override readonly name = 'SessionLost';
  constructor(server: string, cause: unknown) {
    super(cause, `No connection to ${server}`);
  }
}

/** Errors that wrap others in a circle, or without end, are followed no further. */
const DEEPEST = 8;

/** The error, and what it says it was caused by, outermost first. Of several causes the first counts. */
export function* causesOf(error: unknown): Generator<unknown> {
  let at = error;
  for (let depth = 0; depth < DEEPEST && at !== undefined && at !== null; depth++) {
    yield at;
    at = causeOf(at);
  }
}

function causeOf(error: unknown): unknown {
  if (!(error instanceof Error)) return undefined;
  return error instanceof AggregateError ? (error.cause ?? error.errors[0]) : error.cause;
}
