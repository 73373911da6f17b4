import { OperationError } from '@stoa/contract-kit';
import { codeOf, ConnectionLost } from './errors.js';
import { isStalePlan, stateOf } from './faults.js';

/**
 * A server is unavailable, or takes no writes: work for it is refused at once, before any of it began. Transient; it is
 * an OperationError so that the caller gets UNAVAILABLE with a time to retry after.
 */
export class ServerUnavailable extends OperationError {
  constructor(server: string, cause: unknown) {
    super('UNAVAILABLE', 'The service cannot reach its data at the moment', { retryAfterSeconds: 1 });
    this.cause = new ConnectionLost(cause, `No connection to the Postgres of ${server}`);
  }
}

/** COMMIT rolled back, because a statement had failed and its error was swallowed. Nothing was written. */
export class TransactionAborted extends Error {
  override readonly name = 'TransactionAborted';
  /** @param cause the statement's error, where it is known */
  constructor(cause?: unknown) {
    super('COMMIT rolled back, because a statement of the transaction failed before and its error was swallowed', {
      cause,
    });
  }
}

/** SQLSTATEs of a server that stops, starts (57P, 08), is read-only (25006) or in recovery (55000). */
const isServerState = (state: string): boolean => /^(08...|57P..|25006|55000)$/.test(state);

/** Whether an error shows that the server may be unable to work (`fault`), that it replied, or neither. */
export function serverSignOf(error: unknown): 'fault' | 'replied' | 'neither' {
  const state = stateOf(error);
  if (state !== undefined) return isServerState(state) ? 'fault' : 'replied';
  return error instanceof ConnectionLost ? 'fault' : 'neither';
}

const SPOILING = /^(08|57P|25P0[34]|25006)/;

/**
 * True when the session must not be used again: it has ended, its prepared statements are stale, or its server takes no
 * writes, while the same address may lead to one that does.
 */
export const spoilsSession = (error: unknown): boolean => isStalePlan(error) || SPOILING.test(codeOf(error) ?? '');
