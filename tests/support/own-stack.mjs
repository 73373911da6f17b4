import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { freePort, removeAtExit, startChild } from '@stoa/local';

const root = path.resolve(import.meta.dirname, '../..');
const START_MS = 300_000;
const STOP_MS = 120_000;

/** The stack of this process, once it was brought up. */
let stack;

/**
 * Brings the whole stack up as `npm start` does, with data and port of its own, for all files of this run. It ends when
 * this process does, however that comes about. With STOA_TEST_URL and STOA_STATE_DIR set, the tests use the stack that
 * runs there already.
 * @param {string[]} words options of `npm start`
 * @param {Record<string, string>} settings further variables of its services
 * @param {(stateDir: string) => void} prepare called before anything of it runs
 * @param {(stateDir: string) => void} tidy takes that back, when it does not start
 */
export async function bringUp(words = [], settings = {}, prepare = () => undefined, tidy = () => undefined) {
  if (process.env.STOA_TEST_URL) return;
  const stateDir = mkdtempSync(path.join(os.tmpdir(), 'stoa-system-'));
  if (!process.env.STOA_TEST_KEEP) removeAtExit(stateDir);
  prepare(stateDir);
  const port = await freePort();
  const own = {
    STOA_STATE_DIR: stateDir,
    STOA_CACHE_DIR: process.env.STOA_CACHE_DIR ?? path.join(root, '.stoa/cache'),
    STOA_PORT: String(port),
    STOA_OPERATOR_EMAIL: 'operator@stoa.test',
    STOA_OPERATOR_PASSWORD: 'a password only for tests',
  };
  try {
    const running = await startChild({
      name: 'the stack',
      command: process.execPath,
      args: [path.join(root, 'infra/local/bootstrap.mjs'), 'start', ...words],
      env: { ...process.env, ...settings, ...own },
      cwd: root,
      logFile: path.join(stateDir, 'start.log'),
      stopSignal: 'SIGTERM',
      stopTimeoutMs: STOP_MS,
      readyTimeoutMs: START_MS,
      probe: async () => isReady(stateDir),
    });
    stack = { running, stateDir };
  } catch (error) {
    tidy(stateDir);
    if (!process.env.STOA_TEST_KEEP) rmSync(stateDir, { recursive: true, force: true });
    throw error;
  }
  Object.assign(process.env, own, { STOA_TEST_URL: `http://127.0.0.1:${port}` });
}

function isReady(stateDir) {
  const { phase } = JSON.parse(readFileSync(path.join(stateDir, 'run/state.json'), 'utf8'));
  if (phase !== 'ready') throw new Error(`the stack is ${phase}`);
}

/**
 * Takes down what bringUp brought up. With STOA_TEST_KEEP its data and logs stay, to be looked at.
 * @param {(stateDir: string) => void} tidy called once nothing of it runs any more
 */
export async function takeDown(tidy = () => undefined) {
  if (!stack) return;
  const { running, stateDir } = stack;
  await running.stop();
  tidy(stateDir);
  if (process.env.STOA_TEST_KEEP) process.stdout.write(`kept: ${stateDir}\n`);
  else rmSync(stateDir, { recursive: true, force: true });
}
