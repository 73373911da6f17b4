import type { Database, Sql, TransactionOptions } from '../types.js';

export const NOTHING_LEFT: Promise<void> = Promise.resolve();

/** What the work of a transaction gives, and its last statement, which may still be on its way. */
export interface Outcome<T> {
  readonly value: T;
  readonly lastStatement: Promise<void>;
}

/**
 * Runs work whose last statement goes out together with the COMMIT, where the database's sessions can do that
 * (Sql.pipelined): one round trip and two wake-ups less.
 * @throws what the work, its last statement or the COMMIT throws, after a rollback
 */
export async function transact<T>(
  database: Pick<Database, 'transaction'>,
  bucket: number,
  work: (tx: Sql) => Promise<Outcome<T>>,
  options?: TransactionOptions,
): Promise<T> {
  let lastStatement = NOTHING_LEFT;
  try {
    const runs = async (tx: Sql): Promise<Outcome<T>> => {
      lastStatement = NOTHING_LEFT;
      const outcome = await work(tx);
      lastStatement = outcome.lastStatement;
      lastStatement.catch(() => undefined); // awaited below, after the commit
      if (!tx.pipelined) await lastStatement;
      return outcome;
    };
    const { value } = await database.transaction(bucket, runs, options);
    await lastStatement;
    return value;
  } catch (error) {
    // If the last statement failed, COMMIT only knows that it had to roll back: the statement's own error says why.
    await lastStatement;
    throw error;
  }
}
