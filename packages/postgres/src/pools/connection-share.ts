/** Of one pool: with more, a clone's transactions would only wait for each other in the server. */
const MOST = 10;
/** One that a query over all shards holds for seconds, and one for everybody else. */
export const LEAST_CONNECTIONS = 2;

/**
 * How many connections each of so many pools may have.
 * @param total what they may have together; not given: as many as each can use. Where it is too few for two each, each has two.
 * @param most what one of them can use
 */
export function connectionShare(total: number | undefined, pools: number, most: number = MOST): number {
  if (total === undefined) return most;
  return Math.max(LEAST_CONNECTIONS, Math.min(most, Math.floor(total / pools)));
}
