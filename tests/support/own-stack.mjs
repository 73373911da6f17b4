import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../..');

/** A port that was free a moment ago. */
const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/**
 * Brings the whole stack up as a user does, with data and port of its own, for all files of this run. With STOA_TEST_URL
 * and STOA_STATE_DIR set, the tests use the stack that runs there already.
 * @param {string[]} words options of `npm start`
 * @param {Record<string, string>} settings what its services get beside
 * @param {(stateDir: string) => void} prepare what is done before anything of it runs
 * @param {(stateDir: string) => void} tidy what takes that back, when it does not start
 */
export async function bringUp(words = [], settings = {}, prepare = () => undefined, tidy = () => undefined) {
  if (process.env.STOA_TEST_URL) return;
  const stateDir = mkdtempSync(path.join(os.tmpdir(), 'stoa-system-'));
  prepare(stateDir);
  const port = await freePort();
  const own = {
    STOA_STATE_DIR: stateDir,
    STOA_CACHE_DIR: process.env.STOA_CACHE_DIR ?? path.join(root, '.stoa/cache'),
    STOA_PORT: String(port),
    STOA_OPERATOR_EMAIL: 'operator@stoa.test',
    STOA_OPERATOR_PASSWORD: 'a password only for tests',
  };
  const command = [path.join(root, 'infra/local/bootstrap.mjs'), 'start', '--detach', ...words];
  const env = { ...process.env, ...settings, ...own };
  const starting = run(process.execPath, command, { cwd: root, env, timeout: 300_000, maxBuffer: 1 << 24 });
  const { stdout } = await starting.catch((error) => {
    tidy(stateDir);
    if (!process.env.STOA_TEST_KEEP) rmSync(stateDir, { recursive: true, force: true });
    throw error;
  });
  writeFileSync(path.join(stateDir, 'start.log'), stdout);
  Object.assign(process.env, own);
  Object.assign(process.env, { STOA_TEST_URL: `http://127.0.0.1:${port}`, STOA_TEST_OWN_STACK: stateDir });
}

/**
 * Takes down what bringUp brought up. With STOA_TEST_KEEP its data and logs stay, to be looked at.
 * @param {(stateDir: string) => void} tidy what is done once nothing of it runs any more
 */
export async function takeDown(tidy = () => undefined) {
  const stateDir = process.env.STOA_TEST_OWN_STACK;
  if (!stateDir) return;
  const command = [path.join(root, 'infra/local/bootstrap.mjs'), 'stop'];
  await run(process.execPath, command, { cwd: root, timeout: 120_000 });
  tidy(stateDir);
  if (process.env.STOA_TEST_KEEP) process.stdout.write(`kept: ${stateDir}\n`);
  else rmSync(stateDir, { recursive: true, force: true });
}
