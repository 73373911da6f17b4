import { backoff, spread } from '@stoa/timing';

const LONGEST_MS = 5_000;

/**
 * Milliseconds before events or Kafka are tried again after so many failures in a row; spread, so that no two keep
 * step.
 */
export const retryPause = (failures: number, firstMs: number): number => spread(backoff(failures, firstMs, LONGEST_MS));
