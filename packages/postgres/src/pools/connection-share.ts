/** For one pool. With more, a clone's transactions would only wait for each other in the server. */
const MOST = 10;
/** For one pool: a query over all shards may hold one for seconds, and all other work needs one. */
export const LEAST_CONNECTIONS = 2;

/**
 * How many connections each of so many pools may have: an equal share of the total, at least two.
 * @param total for all of them together; if undefined, each has as many as it can use
 * @param most as many as one of them can use
 */
export function connectionShare(total: number | undefined, pools: number, most: number = MOST): number {
  if (total === undefined) return most;
  return Math.max(LEAST_CONNECTIONS, Math.min(most, Math.floor(total / pools)));
}
