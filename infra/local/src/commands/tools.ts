import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CliError, parseArguments, wholeNumber } from '@stoa/cli';
import { repoRoot, stateDir } from '../state-dir/paths.js';
import { runningState } from '../state-dir/state.js';
import { requestShard } from '../data/add-shard.js';
import { readDirectory, type Operator } from '../state-dir/secrets.js';
import { SHOP_PORT } from '../plan/topology.js';

/** `npm run catalog -- import FILE... | export ...` against the running shop, or the one of STOA_URL. */
export function catalog(words: string[]): Promise<number> {
  return runTool('apps/catalog/dist/cli/main.js', words);
}

/** `npm run shards -- status | rebalance | ...` on the running stack, or on the map of DIRECTORY_ADMIN_URL. */
export async function shards(words: string[]): Promise<number> {
  const script = 'apps/shards/dist/cli/main.js';
  const directory = readDirectory(stateDir());
  const env = directory ? { DIRECTORY_ADMIN_URL: directory.adminUrl } : {};
  const isLocal = words[0] === 'add' && words.includes('--local') && !words.includes('--dry-run');
  if (!isLocal) return runTool(script, words, env);
  // A dry run refuses wrong words or a wrong directory before a server is started.
  const checked = await runTool(script, [...words, '--dry-run'], env, 'ignore');
  if (checked !== 0) return checked;
  const { values } = parseArgs({ args: words, options: { name: { type: 'string' } }, strict: false });
  const name = typeof values.name === 'string' ? values.name : undefined;
  const { url, name: shard } = await requestShard(stateDir(), name);
  return runTool(script, words, { ...env, STOA_LOCAL_SHARD_URL: url, STOA_LOCAL_SHARD: shard });
}

/** `npm run bench -- rpc | product | cart`. */
export function bench(words: string[]): Promise<number> {
  return runTool('bench/dist/main.js', words);
}

async function runTool(
  script: string,
  words: string[],
  more: NodeJS.ProcessEnv = {},
  out: 'inherit' | 'ignore' = 'inherit',
): Promise<number> {
  const path = join(repoRoot, script);
  if (!existsSync(path)) throw new CliError(`${script} is missing: npm run build makes it`);
  return runToEnd([path, ...words], { ...more, ...shopEnvironment() }, undefined, out);
}

/** The shop's URL and the account that may change its catalog. Variables of the environment win. */
function shopEnvironment(): NodeJS.ProcessEnv {
  const port = process.env.STOA_PORT ?? SHOP_PORT;
  const url = runningState(stateDir())?.url ?? `http://127.0.0.1:${port}`;
  const file = join(stateDir(), 'operator.json');
  const operator = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Operator) : undefined;
  return {
    STOA_URL: url,
    ...(operator ? { STOA_OPERATOR_EMAIL: operator.email, STOA_OPERATOR_PASSWORD: operator.password } : {}),
    ...process.env,
  };
}

/** Arguments of Node that run Jest in the checkout's root. */
export const JEST = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
];

/** The tests' files take less than 3 GB at any time; the servers and the tests themselves want some too. */
const RAM_FOLDER_NEEDS = 8 * 2 ** 30;

/** One file after the other: some change the clones of the stack that all of them use. */
const SYSTEM = ['--runInBand', '--selectProjects', 'system'];

/** One file after the other: each kills servers that all of them use. */
const MOVES = ['--runInBand', '--selectProjects', 'moves'];

/**
 * `npm test [-- words for Jest]`: unit and integration tests, then the whole-system tests on a stack of their own, then
 * the short forms of those that move data and of the fault audit on another. All run even if the first fail.
 */
export async function test(words: string[]): Promise<number> {
  // With words for Jest, a project may have nothing to run.
  const more = words.length > 0 ? ['--passWithNoTests', ...words] : [];
  const scratch = ramFolder();
  const env = scratch ? { ...process.env, TMPDIR: scratch } : process.env;
  let worst = 0;
  try {
    for (const projects of [['--selectProjects', 'unit', 'int'], SYSTEM, [...MOVES, 'audit']]) {
      const code = await runToEnd([...JEST, ...projects, ...more], env, repoRoot);
      worst = Math.max(worst, code);
    }
  } finally {
    if (scratch) rmSync(scratch, { recursive: true, force: true });
  }
  return worst;
}

/**
 * A folder in memory for the tests' servers, if there is room. They create and delete thousands of small files, and for
 * each new one ext4 looks past every inode that was deleted in the last minutes (`recently_deleted` in
 * fs/ext4/ialloc.c).
 */
function ramFolder(): string | undefined {
  if (process.platform !== 'linux' || process.env.TMPDIR) return undefined;
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    if (Math.min(bavail * bsize, process.availableMemory()) < RAM_FOLDER_NEEDS) return undefined;
    const dir = mkdtempSync('/dev/shm/stoa-tests-');
    chmodSync(dir, 0o711); // under root, Postgres runs as another user and must get through
    return dir;
  } catch {
    return undefined;
  }
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

/** Runs a program of Node's to its end. @returns its exit code */
export function runToEnd(
  args: string[],
  env: NodeJS.ProcessEnv,
  cwd = process.env.INIT_CWD ?? process.cwd(),
  out: 'inherit' | 'ignore' = 'inherit',
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['inherit', out, 'inherit'], env, cwd });
    // The terminal sends Ctrl-C to the child as well: it decides, we wait for its end.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => void (signal === 'SIGINT' || child.kill(signal)));
    }
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
