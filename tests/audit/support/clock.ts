import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '@stoa/local';
import { stateDir } from '../../support/servers.js';
import { eventually } from '@stoa/testing';
import { isCloneOf, someProcess, type Fault } from './fault.js';
import { isReady, type Process } from '../../support/stack.js';

/**
 * Puts the clock of one process forward. Linux has no clock of one process, so one more clone runs, with JavaScript's
 * clock skewed.
 */
export const clockJump: Fault = {
  name: 'clock-jump',
  inject: async (random) => {
    const app = random.pick(['cart', 'profile', 'catalog']);
    const clone = await startBeside(await someProcess(random, isCloneOf(app)), `${app}-ahead`);
    clone.kill('SIGUSR2');
    const heal = async (): Promise<void> => {
      clone.kill('SIGTERM');
      await once(clone, 'exit');
    };
    return { victim: `one more clone of ${app}, by an hour`, at: performance.now(), heal };
  },
};

const listOf = (pid: number, file: 'environ' | 'cmdline'): string[] =>
  readFileSync(`/proc/${pid}/${file}`, 'utf8')
    .split('\0')
    .filter((part) => part !== '');

/** One more clone like one that runs, but for its name. */
async function startBeside({ pid }: Process, name: string) {
  const port = await freePort();
  const [command = '', ...args] = listOf(pid, 'cmdline');
  const env = Object.fromEntries(
    listOf(pid, 'environ').map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
  const log = openSync(path.join(stateDir(), 'logs', `${name}.log`), 'a');
  const clone = spawn(command, ['--import', path.join(import.meta.dirname, 'skewed-clock.mjs'), ...args], {
    env: { ...env, STOA_CLONE: name, ADMIN_PORT: String(port) },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  await eventually(async () => {
    if (!(await isReady(port))) throw new Error(`${name} is not ready`);
  });
  return clone;
}
