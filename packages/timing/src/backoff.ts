/**
 * Milliseconds before the next try after so many failures in a row: `firstMs` after the first, twice as many after each
 * further one, and never more than `mostMs`.
 */
export const backoff = (failures: number, firstMs: number, mostMs: number): number =>
  Math.min(firstMs * 2 ** (failures - 1), mostMs);

/** The time, give or take a quarter: many that failed at the same moment do not try again in step. */
export const spread = (ms: number): number => ms * (0.75 + Math.random() / 2);
