import type { Sql } from '../postgres/sql.js';

interface Followed {
  readonly name: string;
  readonly position: string;
  /** The columns of its primary key, as SQL names them. */
  readonly key: string;
}

/**
 * Whether the destination's copies of others' data are as far as the source's: a bucket that switched must not find its
 * owner knowing less than before.
 * @returns what it is behind in, or undefined.
 */
export async function behindOf(source: Sql, destination: Sql): Promise<string | undefined> {
  for (const table of await followedTables(source)) {
    const [there, here] = await Promise.all([positions(source, table), positions(destination, table)]);
    for (const [key, position] of there) {
      const reached = here.get(key);
      if (reached === undefined || BigInt(reached) < BigInt(position)) return `${table.name} ${key}`;
    }
  }
  return undefined;
}

async function followedTables(sql: Sql): Promise<Followed[]> {
  const { rows } = await sql.query<Followed>(
    `SELECT t.name::text AS name, quote_ident(t.key_column) AS position,
       (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_constraint AS c
        JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
        WHERE c.conrelid = t.name AND c.contype = 'p') AS key
     FROM sharding.tables AS t WHERE t.kind = 'followed' ORDER BY 1`,
  );
  return rows;
}

async function positions(sql: Sql, { name, position, key }: Followed): Promise<Map<string, string>> {
  const { rows } = await sql.query<{ key: string; position: string }>(
    `SELECT ROW(${key})::text AS key, ${position}::text AS position FROM ${name}`,
  );
  return new Map(rows.map((row) => [row.key, row.position]));
}
