import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const root = path.resolve(import.meta.dirname, '../..');

/** Takes down what global-setup.mjs brought up. */
export default async function globalTeardown() {
  const stateDir = process.env.STOA_TEST_OWN_STACK;
  if (!stateDir) return;
  const command = [path.join(root, 'infra/local/bootstrap.mjs'), 'stop'];
  await promisify(execFile)(process.execPath, command, { cwd: root, timeout: 120_000 });
  rmSync(stateDir, { recursive: true, force: true });
}
