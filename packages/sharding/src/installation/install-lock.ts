import type { Sql } from '@stoa/postgres';

/**
 * For the rest of a transaction, only one installs, or enters what an installation locks, in a database: two
 * installations would fail on the system catalogs, and one beside a transaction that fills the map would wait for each
 * other.
 */
export const installing = async (tx: Sql): Promise<void> => {
  await tx.query('SELECT pg_advisory_xact_lock(1398034241, -2)');
};
