/** As sharding.was_compared(), which costs more because a function that reads can't be inlined. */
const CONFIRMED = `i.confirmed_start = pg_postmaster_start_time() AND i.confirmed_file = pg_relation_filepath('sharding.identity')`;
/** Marks rows of the caller's own statement: without it, "owned, and no row" would look like "one row of nulls". */
const HIT = '~hit';

/**
 * Wraps one reading statement so that it also proves, through the same snapshot, that the shard serves the bucket, which
 * comes as one more parameter behind `parameters` others. No row at all then means "not here"; `ownedRows` reads the rest.
 * The order of the statement's rows is kept: the other side of the join is a single row.
 */
export function ownedRead(text: string, parameters: number): string {
  const known = wrapped.get(text);
  if (known !== undefined) return known;
  const owned = wrap(text, parameters);
  if (wrapped.size < MOST_TEXTS) wrapped.set(text, owned);
  return owned;
}

/** One string for one text, so that looking its prepared statement up does not mean hashing it anew. */
const wrapped = new Map<string, string>();
const MOST_TEXTS = 500;

function wrap(text: string, parameters: number): string {
  const statement = text.trim().replace(/;$/, '');
  return `SELECT r.* FROM sharding.bucket_owner AS o JOIN sharding.identity AS i ON ${CONFIRMED}
    LEFT JOIN LATERAL (SELECT true AS "${HIT}", q.* FROM (${statement}) AS q) AS r ON true
    WHERE o.bucket = $${parameters + 1}::smallint AND o.state IN ('owned', 'fenced')`;
}

/** The statement's own rows, or undefined when the shard does not serve the bucket. */
export function ownedRows<Row>(rows: readonly object[]): Row[] | undefined {
  if (rows.length === 0) return undefined;
  const own: Row[] = [];
  for (const row of rows) {
    const { [HIT]: hit, ...rest } = row as Record<string, unknown>;
    if (hit === true) own.push(rest as Row);
  }
  return own;
}
