/** Whatever runs SQL: a session, a transaction on one, or a Prisma transaction behind a thin adapter. */
export interface Sql {
  /**
   * True when statements, the COMMIT too, are sent without waiting for the results before. The last ones of a
   * transaction need not be awaited before `work` returns. Whoever does not await one must look at its result after the
   * commit.
   */
  readonly pipelined?: boolean;
  query<Row = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ rows: Row[]; rowCount: number | null }>;
}

/** A statement that is prepared under its name, or under one that is made for its text. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** The one row that a statement always has. @throws Error with the statement's beginning when there is none. */
export async function oneRow<Row>(sql: Sql, text: string, values?: readonly unknown[]): Promise<Row> {
  const { rows } = await sql.query<Row>(text, values);
  const [row] = rows;
  if (row === undefined) throw new Error(`No row came back from: ${text.trim().slice(0, 80)}`);
  return row;
}
