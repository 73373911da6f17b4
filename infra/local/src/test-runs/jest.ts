import { existsSync, readFileSync } from 'node:fs';

/** Arguments of Node that run Jest from the repository's root, with ES modules. */
export const JEST = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
];

/** One run's results, as .ci/count-reporter.mjs writes them: a JSON line for each run of Jest. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Each failed test with the beginning of its message. */
  readonly failures: readonly string[];
}

/** The results that were added to a file after its first `from` characters. */
export function readCounts(file: string, from = 0): Counts[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').slice(from).split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Counts);
}
