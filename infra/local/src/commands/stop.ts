import { setTimeout as delay } from 'node:timers/promises';
import { CliError, parseArguments, seconds } from '@stoa/cli';
import { stateDir } from '../state-dir/paths.js';
import { stopOrphans } from '../processes/orphans.js';
import { isOurs, readState, removeState } from '../state-dir/state.js';

/** The longest orderly stop: clones drain for 10 s, Kafka closes its logs. */
const STOP_TIMEOUT_MS = 90_000;

/** `npm run stop`: ends the stack of another terminal or in the background, or the orphans of a killed one. */
export async function stop(words: string[]): Promise<number> {
  parseArguments(words, { command: 'npm run stop', options: {} });
  const state = readState(stateDir());
  if (!state) {
    process.stdout.write('Nothing runs.\n');
    return 0;
  }
  if (!isOurs(state)) {
    const stopped = await stopOrphans(state);
    removeState(stateDir());
    const what = stopped.length > 0 ? `stopped what it had left: ${stopped.join(', ')}` : 'nothing was left running';
    process.stdout.write(`The last run did not end in order; ${what}.\n`);
    return 0;
  }
  const began = Date.now();
  process.kill(state.pid, 'SIGTERM');
  while (isOurs(state) && Date.now() - began < STOP_TIMEOUT_MS) await delay(50);
  if (isOurs(state)) throw new CliError(`pid ${state.pid} is still stopping after ${STOP_TIMEOUT_MS / 1000} s`);
  process.stdout.write(`Stopped after ${seconds(Date.now() - began)}.\n`);
  return 0;
}
