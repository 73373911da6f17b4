import type { Database, TransactionOptions } from './database.js';
import type { Sql } from './sql.js';

/** A last statement that is none. */
export const NO_STATEMENT: Promise<void> = Promise.resolve();

/** The result of a transaction's work, and its last statement, which may still be on its way. */
export interface Outcome<T> {
  readonly value: T;
  readonly lastStatement: Promise<void>;
}

type Work<T> = (tx: Sql) => Promise<Outcome<T>>;

/**
 * Runs work whose last statement is sent together with the COMMIT, where the database's sessions can do that
 * (Sql.pipelined): one round trip and two process switches less.
 * @throws what the work, its last statement or the COMMIT throws, after a rollback
 */
export const transact = <T>(
  database: Pick<Database, 'transaction'>,
  bucket: number,
  work: Work<T>,
  options?: TransactionOptions,
): Promise<T> => withLastStatement((runs) => database.transaction(bucket, runs, options), work);

/** The same in a transaction over several buckets. */
export const transactOver = <T>(
  database: Pick<Database, 'transactionOver'>,
  buckets: readonly number[],
  work: Work<T>,
): Promise<T> => withLastStatement((runs) => database.transactionOver(buckets, runs), work);

async function withLastStatement<T>(transaction: (runs: Work<T>) => Promise<Outcome<T>>, work: Work<T>): Promise<T> {
  let lastStatement = NO_STATEMENT;
  try {
    const { value } = await transaction(async (tx) => {
      lastStatement = NO_STATEMENT;
      const outcome = await work(tx);
      lastStatement = outcome.lastStatement;
      lastStatement.catch(() => undefined); // awaited below, after the commit
      if (!tx.pipelined) await lastStatement;
      return outcome;
    });
    await lastStatement;
    return value;
  } catch (error) {
    // If the last statement failed, COMMIT only knows that it had to roll back: the statement's own error says why.
    await lastStatement;
    throw error;
  }
}
