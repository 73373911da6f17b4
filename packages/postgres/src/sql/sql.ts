/** What runs SQL: a session, or a transaction on one. */
export interface Sql {
  query<Row = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ rows: Row[]; rowCount: number | null }>;
}

/** The one row that a statement always has. */
export async function oneRow<Row>(sql: Sql, text: string, values?: readonly unknown[]): Promise<Row> {
  const { rows } = await sql.query<Row>(text, values);
  const [row] = rows;
  if (row === undefined) throw new Error(`No row came back from: ${text.trim().slice(0, 80)}`);
  return row;
}
