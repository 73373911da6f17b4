import { OperationError } from '@stoa/contract-kit';
import { codeOf, ConnectionLost } from './errors.js';
import { isStalePlan, stateOf } from './faults.js';

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
  /** @param cause the error of the statement, where it is known */
  constructor(cause?: unknown) {
    super('COMMIT rolled back, because a statement of the transaction failed before and its error was swallowed', {
      cause,
    });
  }
}

/** The server stops, starts (57P, 08), is read-only (25006) or in recovery (55000), whatever it was asked for. */
const isServerState = (state: string): boolean => /^(08...|57P..|25006|55000)$/.test(state);

/** What an error says of the server: that it may be unable to work (`fault`), that it answered, or nothing. */
export function saysOfServer(error: unknown): 'fault' | 'answered' | 'nothing' {
  const state = stateOf(error);
  if (state !== undefined) return isServerState(state) ? 'fault' : 'answered';
  return error instanceof ConnectionLost ? 'fault' : 'nothing';
}

const SPOILING = /^(08|57P|25P0[34]|25006)/;

/**
 * True when the session must not be used again: it is over, its prepared statements are stale, or its server takes no
 * writes, while the same address may lead to one that does.
 */
export const spoilsSession = (error: unknown): boolean => isStalePlan(error) || SPOILING.test(codeOf(error) ?? '');
