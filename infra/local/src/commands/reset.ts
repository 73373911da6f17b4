import { realpathSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CliError, parseArguments } from '@stoa/cli';
import { stateDir as defaultStateDir } from '../state-dir/paths.js';
import { stopOrphans } from '../processes/orphans.js';
import { takeLock } from '../state-dir/lock.js';
import { readState } from '../state-dir/state.js';

/** `npm run reset`: drops all data, logs and secrets of the stopped stack. Downloads stay. */
export async function reset(words: string[]): Promise<number> {
  parseArguments(words, { command: 'npm run reset', options: {} });
  const stateDir = defaultStateDir();
  if (!(await takeLock(stateDir))) throw new CliError('the stack is running: npm run stop first');
  const state = readState(stateDir);
  if (state) await stopOrphans(state);
  const data = join(stateDir, 'data');
  for (const name of await readdir(data).catch(() => [])) {
    // Below a closed directory, root's Postgres data is a link to a place that Postgres's user can reach.
    rmSync(realpathSync(join(data, name)), { recursive: true, force: true });
  }
  for (const name of [
    'data',
    'logs',
    'run',
    'mailbox',
    'operator.json',
    'postgres.json',
    'mail.json',
    'second-factor.json',
    'token-key.json',
  ]) {
    rmSync(join(stateDir, name), { recursive: true, force: true });
  }
  process.stdout.write('All data of the stack is dropped; the next npm start makes a new shop.\n');
  return 0;
}
