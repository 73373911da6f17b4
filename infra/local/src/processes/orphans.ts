import { setTimeout as delay } from 'node:timers/promises';
import { isOurs, KINDS, type ProcessRecord, type State } from '../state-dir/state.js';

const STOP_TIMEOUT_MS = 15_000;
const POLL_MS = 50;

/**
 * Stops the processes that a killed supervisor left running, in the usual order: balancer, clones, servers.
 * A process that merely got the number of one of ours is not touched.
 * @returns the names of the stopped processes
 */
export async function stopOrphans(state: State): Promise<string[]> {
  const stopped: string[] = [];
  for (const kind of KINDS) {
    const alive = state.processes.filter((record) => record.kind === kind && isOurs(record));
    await Promise.all(alive.map((record) => end(record)));
    stopped.push(...alive.map((record) => record.name));
  }
  return stopped;
}

async function end(record: ProcessRecord): Promise<void> {
  // SIGINT is Postgres's quick orderly stop: it waits for no session.
  signal(record, record.kind === 'postgres' ? 'SIGINT' : 'SIGTERM');
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  while (isOurs(record) && Date.now() < deadline) await delay(POLL_MS);
  if (isOurs(record)) signal(record, 'SIGKILL');
  while (isOurs(record) && Date.now() < deadline + STOP_TIMEOUT_MS) await delay(POLL_MS);
}

function signal(record: ProcessRecord, name: NodeJS.Signals): void {
  try {
    if (record.pid !== undefined && isOurs(record)) process.kill(record.pid, name);
  } catch {
    // it ended in between
  }
}
