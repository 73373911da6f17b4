const MOST_MS = 5_000;

/** Milliseconds to wait after so many failures in a row: doubles from `firstMs` up to `mostMs`, spread out by a quarter. */
export const pauseAfter = (failures: number, firstMs: number, mostMs = MOST_MS): number =>
  Math.min(firstMs * 2 ** (failures - 1), mostMs) * (0.75 + Math.random() / 2);
