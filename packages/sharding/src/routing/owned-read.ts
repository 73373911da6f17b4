/** The condition of sharding.was_compared(), inline: a function that reads tables can't be inlined by Postgres. */
const CONFIRMED = `i.confirmed_start = pg_postmaster_start_time() AND i.confirmed_file = pg_relation_filepath('sharding.identity')`;
/** Marks the rows of the caller's statement: without it, "owned, and no row" would look like "one row of nulls". */
const HIT = '~hit';

/**
 * Wraps a SELECT so that it also proves, through the same snapshot, that the shard serves the bucket, which is one more
 * parameter after the `parameters` others. An empty result then means "not here"; `ownedRows` reads any other. The
 * order of rows is kept, because the other side of the join is a single row.
 */
export function ownedRead(text: string, parameters: number): string {
  const known = wrapped.get(text);
  if (known !== undefined) return known;
  const owned = wrap(text, parameters);
  if (wrapped.size < MOST_TEXTS) wrapped.set(text, owned);
  return owned;
}

/** Keeps one string object per statement, so that the lookup of its prepared statement does not hash it again. */
const wrapped = new Map<string, string>();
const MOST_TEXTS = 500;

function wrap(text: string, parameters: number): string {
  const statement = text.trim().replace(/;$/, '');
  return `SELECT r.* FROM sharding.bucket_owner AS o JOIN sharding.identity AS i ON ${CONFIRMED}
    LEFT JOIN LATERAL (SELECT true AS "${HIT}", q.* FROM (${statement}) AS q) AS r ON true
    WHERE o.bucket = $${parameters + 1}::smallint AND o.state IN ('owned', 'fenced')`;
}

/** Extracts the statement's rows; undefined when the shard does not serve the bucket. */
export function ownedRows<Row>(rows: readonly object[]): Row[] | undefined {
  if (rows.length === 0) return undefined;
  const own: Row[] = [];
  for (const row of rows) {
    const { [HIT]: hit, ...rest } = row as Record<string, unknown>;
    if (hit === true) own.push(rest as Row);
  }
  return own;
}
