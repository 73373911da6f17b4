import type { Sql } from '@stoa/postgres';

/**
 * Takes a database's installation lock until the end of the transaction. Two installations at once would fail on the
 * system catalogs, and an installation beside a transaction that fills the map would deadlock.
 */
export const takeInstallLock = async (tx: Sql): Promise<void> => {
  await tx.query('SELECT pg_advisory_xact_lock(1398034241, -2)');
};
