import type { Sql } from '@stoa/postgres';

/** Lists the tables whose rows move, as quoted SQL names. */
export const movedTables = (sql: Sql): Promise<string[]> => tablesOf(sql, 'moved');

/** Lists the queues, which must be empty before a bucket may switch. */
export const drainedTables = (sql: Sql): Promise<string[]> => tablesOf(sql, 'drained');

async function tablesOf(sql: Sql, kind: 'moved' | 'drained'): Promise<string[]> {
  const { rows } = await sql.query<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM sharding.tables AS t JOIN pg_class AS c ON c.oid = t.name
     JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE t.kind = $1 ORDER BY 1`,
    [kind],
  );
  return rows.map(({ name }) => name);
}
