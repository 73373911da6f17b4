import { OperationError } from '@stoa/contract-kit';

/** The session is gone, or could not be had: nothing is known to be wrong with the statement. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
  /** SQLSTATE or system error code, where there was one. */
  readonly code: string | undefined;
  constructor(cause: unknown, what: string) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`${what}: ${reason}`, { cause });
    this.code = codeOf(cause);
  }
}

/**
 * A server gives no answer, or takes no writes: work for it is refused at once, before any of it began. An answer to whoever
 * asked, and transient.
 */
export class ServerUnavailable extends OperationError {
  constructor(server: string, cause: unknown) {
    super('UNAVAILABLE', 'The service cannot reach its data at the moment', { retryAfterSeconds: 1 });
    this.cause = new ConnectionLost(cause, `No connection to the Postgres of ${server}`);
  }
}

/** A statement failed, its error was swallowed, and COMMIT rolled back: nothing was written. */
export class TransactionAborted extends Error {
  override readonly name = 'TransactionAborted';
  constructor() {
    super('COMMIT rolled back, because a statement of the transaction failed before and its error was swallowed');
  }
}

export function codeOf(error: unknown): string | undefined {
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

const TRANSIENT_STATES = new Set([
  '25P03', // idle_in_transaction_session_timeout: the process was frozen for a while
  '25P04', // transaction_timeout
  '53300', // too many connections
  '55P03', // lock_timeout
  '57014', // statement_timeout: a slow moment of the server must not send events to the dead letters
]);

const TRANSIENT_SYSTEM_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
]);

/** A session or configuration problem that no retry mends: wrong password (28…), no such database (3D…). */
const needsAnOperator = (code: string): boolean => code.startsWith('28') || code.startsWith('3D');

/** True for SQLSTATEs after which the same work may succeed: serialization, deadlock, connection, time-outs, restarts. */
export const isTransientState = (code: string): boolean =>
  TRANSIENT_STATES.has(code) || code.startsWith('40') || code.startsWith('08') || code.startsWith('57P');

/** Not the system's codes, which begin with an E. */
const isSqlState = (code: string): boolean => /^[0-9A-DF-Z][0-9A-Z]{4}$/.test(code);

/** The server stops, starts (57P, 08), is read-only (25006) or in recovery (55000), whatever it was asked for. */
const isServerState = (code: string): boolean => /^(08...|57P..|25006|55000)$/.test(code);

/** What an error says of the server: that it may be unable to work (`fault`), that it answered, or nothing. */
export function saysOfServer(error: unknown): 'fault' | 'answered' | 'nothing' {
  const code = codeOf(error);
  if (code !== undefined && isSqlState(code)) return isServerState(code) ? 'fault' : 'answered';
  return error instanceof ConnectionLost ? 'fault' : 'nothing';
}

const isStalePlan = (error: unknown): boolean =>
  codeOf(error) === '0A000' && error instanceof Error && error.message.startsWith('cached plan must not change');

/**
 * True when trying the same work again may help. After a migration changed a table, sessions that had prepared
 * statements on it refuse them once: such a session is thrown away, and the retry prepares anew.
 */
export function isTransient(error: unknown): boolean {
  const code = codeOf(error);
  if (code !== undefined && needsAnOperator(code)) return false;
  if (error instanceof ConnectionLost || error instanceof ServerUnavailable) return true;
  if (code === undefined) return false;
  return isTransientState(code) || TRANSIENT_SYSTEM_CODES.has(code) || isStalePlan(error);
}

/** True when the session must not be used again. */
export const spoilsSession = (error: unknown): boolean => {
  const code = codeOf(error) ?? '';
  return isStalePlan(error) || code.startsWith('08') || code.startsWith('57P') || code === '25P03' || code === '25P04';
};
