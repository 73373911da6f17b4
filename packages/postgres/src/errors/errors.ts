/**
 * Whose fault it is that some work failed.
 *
 * - `work`: its own data, a constraint, its statement, a bug. No retry mends it.
 * - `transient`: other work was in its way, or the moment was bad. The same work may succeed at once.
 * - `server`: the server, or the way to it, is down, starting, full or read-only. All work fails there for a while.
 * - `operator`: the server refuses this service as a whole, until somebody changes a setting.
 * - `unknown`: the server failed in a way that is not listed here.
 */
export type Fault = 'work' | 'transient' | 'server' | 'operator' | 'unknown';

/** The SQLSTATE of Postgres's errors, or the code of a system error such as ECONNREFUSED. */
export function codeOf(error: unknown): string | undefined {
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** An error's message, or the code of one without a message (Node's AggregateError of several refused connections). */
export const reasonOf = (error: unknown): string =>
  error instanceof Error && error.message ? error.message : (codeOf(error) ?? String(error));

/** A session broke or could not be opened: nothing is known to be wrong with the statement. */
export class ConnectionLost extends Error {
  override readonly name: string = 'ConnectionLost';
  /** The SQLSTATE or system error code of the cause, where there was one. */
  readonly code: string | undefined;
  /** @param what the message's beginning, such as `No connection to cart@shard2` */
  constructor(cause: unknown, what: string) {
    super(`${what}: ${reasonOf(cause)}`, { cause });
    this.code = codeOf(cause);
  }
}

/** A ConnectionLost of a Session. Work in progress may or may not have been committed. */
export class SessionLost extends ConnectionLost {
  override readonly name = 'SessionLost';
  constructor(server: string, cause: unknown) {
    super(cause, `No connection to ${server}`);
  }
}

/** Bounds how far causes are followed: errors may wrap each other in a circle. */
const DEEPEST = 8;

/** The error and its causes, outermost first. Of an AggregateError without a cause, the first error counts. */
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
