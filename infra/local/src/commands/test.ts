import { existsSync, mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArguments, wholeNumber } from '@stoa/cli';
import { repoRoot } from '../state-dir/paths.js';
import { affectedFolders } from '../test-runs/affected.js';
import { JEST, readCounts } from '../test-runs/jest.js';
import { runQueues, type Part, type PartResult } from '../test-runs/parts.js';
import { ramFolder, removeFolder } from '../test-runs/ram-folder.js';
import { runToEnd } from './tools.js';

/** One file after the other: some change the clones of the stack that all of them use. */
const SYSTEM = ['--runInBand', '--selectProjects', 'system'];

/** One file after the other: each kills servers that all of them use. */
const MOVES = ['--runInBand', '--selectProjects', 'moves'];

/**
 * `npm test [-- words for Jest]`: the unit and integration tests; beside them the whole-system tests on a stack of
 * their own, then the short forms of those that move data and of the fault audit on another. All run even if some fail.
 */
export function test(words: string[]): Promise<number> {
  // With words of the developer's, one of them may have nothing to run.
  const more = words.length > 0 ? ['--passWithNoTests', ...words] : [];
  const jest = (name: string, ...args: string[]): Part => ({ ...JEST_PART, name, args: [...JEST, ...args, ...more] });
  return runTests([
    [{ ...jest('int', '--selectProjects', 'unit', 'int'), givesWay: true }],
    [jest('system', ...SYSTEM), jest('moves', ...MOVES, 'audit')],
  ]);
}

/**
 * `npm run test:quick`: unit tests, types, and the integration tests of what changed since main and of what depends on
 * it.
 */
export async function testQuick(words: string[]): Promise<number> {
  parseArguments(words, { command: 'npm run test:quick', options: {} });
  const affected = await affectedFolders();
  process.stdout.write(`changed since main, or dependent on that: ${affected.join(', ') || 'nothing'}\n`);
  const paths = affected.map((folder) => `${join(repoRoot, folder)}/`);
  const int = ['--selectProjects', 'int', '--passWithNoTests', '--testPathPatterns', ...paths];
  const parts: Part[] = [
    { ...JEST_PART, name: 'unit', args: [...JEST, '--selectProjects', 'unit'] },
    {
      name: 'types',
      command: join(repoRoot, 'node_modules/.bin/turbo'),
      args: ['run', 'typecheck', '--output-logs=errors-only', '--ui=stream'],
    },
    ...(paths.length > 0 ? [{ ...JEST_PART, name: 'int', args: [...JEST, ...int] }] : []),
  ];
  return runTests(parts.map((part) => [part]));
}

const JEST_PART = { command: process.execPath };

/**
 * Runs parts with a place of their own for what they write, and says at the end how each ended.
 * @returns the exit code
 */
async function runTests(queues: readonly (readonly Part[])[]): Promise<number> {
  const scratch = ramFolder();
  const own = mkdtempSync(join(tmpdir(), 'stoa-counts-'));
  const counts = process.env.STOA_TEST_COUNTS ?? join(own, 'counts.jsonl');
  const from = existsSync(counts) ? statSync(counts).size : 0;
  const bin = join(repoRoot, 'node_modules/.bin');
  const env = {
    ...process.env,
    ...(scratch && { TMPDIR: scratch }),
    STOA_TEST_COUNTS: counts,
    TURBO_TELEMETRY_DISABLED: '1',
    PATH: `${bin}:${process.env.PATH}`,
  };
  let wasInterrupted = true;
  try {
    const run = await runQueues(queues, env);
    const { results } = run;
    wasInterrupted = run.wasInterrupted;
    report(results, counts, from);
    return Math.max(...results.map(({ code }) => code ?? 1));
  } finally {
    for (const dir of [scratch, own]) if (dir) removeFolder(dir, wasInterrupted);
  }
}

const endOf = ({ code, signal }: PartResult): string => {
  if (code === undefined) return 'not run';
  return code === 0 ? 'passed' : `FAILED (${signal ?? `exit code ${code}`})`;
};

/** Says once more what failed, because the output of parts that run side by side is long, and how each part ended. */
function report(results: readonly PartResult[], counts: string, from: number): void {
  const runs = readCounts(counts, from);
  const total = (key: 'passed' | 'failed' | 'skipped'): number => runs.reduce((all, run) => all + run[key], 0);
  const failures = runs.flatMap((run) => run.failures);
  const lines = [
    '',
    ...failures.map((failure) => `FAILED ${failure}\n`),
    ...results.map((result) => `${result.name}: ${endOf(result)} after ${result.seconds} s`),
    `${total('passed')} passed, ${total('failed')} failed, ${total('skipped')} skipped`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** `npm run test:moves`: the long form of the tests that move data. */
export function testMoves(words: string[]): Promise<number> {
  const { minutes, seed, more } = movesOptions(words);
  const env = {
    ...process.env,
    STOA_MOVES_MINUTES: String(minutes),
    ...(seed !== undefined && { STOA_MOVES_SEED: String(seed) }),
  };
  return runToEnd([...JEST, ...MOVES, ...more], env, repoRoot);
}

function movesOptions(given: string[]): { minutes: number; seed: number | undefined; more: readonly string[] } {
  const options = { minutes: { type: 'string', default: '30' }, seed: { type: 'string' } } as const;
  const { values, words } = parseArguments(given, { command: 'npm run test:moves', options, words: true });
  return {
    minutes: wholeNumber('--minutes', values.minutes),
    seed: values.seed === undefined ? undefined : wholeNumber('--seed', values.seed, { from: 0 }),
    more: words,
  };
}
