import type { Sql } from '../postgres/sql.js';

/** Tables whose rows move, as SQL names them. */
export async function movedTables(sql: Sql): Promise<string[]> {
  const { rows } = await sql.query<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM sharding.tables AS t JOIN pg_class AS c ON c.oid = t.name
     JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE t.kind = 'moved' ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}
