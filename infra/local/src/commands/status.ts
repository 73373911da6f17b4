import { stateDir } from '../paths.js';
import { runningState } from '../stack/state.js';
import { rowsOf, table } from '../stack/summary.js';

/** `npm run status [-- --json]`. @returns 1 if nothing runs. */
export async function status(words: string[]): Promise<number> {
  const state = runningState(stateDir());
  const json = words.includes('--json');
  if (!state) {
    process.stdout.write(
      json ? '{"phase":"stopped","processes":[]}\n' : 'Nothing runs: npm start brings the stack up.\n',
    );
    return 1;
  }
  if (json) {
    const { pid, phase, startedAt, url, balancerSocket } = state;
    const rows = rowsOf(state);
    // Only what exists: a clone that waits to be started again has no number.
    const processes = rows.filter((row) => row.pid !== null);
    const waiting = rows.filter((row) => row.pid === null);
    process.stdout.write(
      `${JSON.stringify({ pid, phase, startedAt, url, balancerSocket, processes, waiting }, null, 2)}\n`,
    );
    return 0;
  }
  const where = state.url ? ` at ${state.url}` : '';
  process.stdout.write(`The stack is ${state.phase}${where}, started ${state.startedAt} (pid ${state.pid})\n\n`);
  process.stdout.write(`${table(state)}\n`);
  return 0;
}
