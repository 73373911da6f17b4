import { backoff, spread } from '@stoa/timing';

/** The pause after a first failure; it doubles with each further one. */
export const FIRST_RETRY_MS = 100;

const LONGEST_MS = 5_000;

/**
 * Milliseconds before events or Kafka are tried again after so many failures in a row; spread, so that no two keep
 * step.
 */
export const retryPause = (failures: number, firstMs: number): number => spread(backoff(failures, firstMs, LONGEST_MS));
