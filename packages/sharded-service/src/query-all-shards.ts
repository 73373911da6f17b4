import { OperationError } from '@stoa/contract-kit';
import { AcrossUnavailable, BadCursor, type Across } from '@stoa/sharding';
import type { KeyspaceDatabase } from './open-keyspace.js';

/** Of the caller's budget, so that the typed error is there before the gateway gives up. */
const MARGIN_MS = 500;
/** Moves hold a bucket for less than half a second; a server that restarts may be back by then. */
const LONGEST_RETRY_MS = 1_500;

/**
 * Runs a query over all shards within the caller's budget: the whole result, or a typed error.
 * @throws OperationError UNAVAILABLE, which names the shards that did not respond; INVALID_INPUT for a cursor of
 * another list.
 */
export async function queryAllShards<T>(
  database: Pick<KeyspaceDatabase, 'across'>,
  budgetMs: number,
  work: (across: Across) => Promise<T>,
): Promise<T> {
  const retryForMs = Math.min(LONGEST_RETRY_MS, budgetMs / 4);
  const timeoutMs = Math.max(100, budgetMs - retryForMs - MARGIN_MS);
  try {
    return await work(database.across({ retryForMs, timeoutMs }));
  } catch (error) {
    if (error instanceof AcrossUnavailable)
      throw new OperationError('UNAVAILABLE', error.message, { retryAfterSeconds: 1 });
    if (!(error instanceof BadCursor)) throw error;
    const detail = 'damaged, or of a list with other parameters';
    throw new OperationError('INVALID_INPUT', 'The input is not valid', [{ pointer: '/cursor', detail }]);
  }
}
