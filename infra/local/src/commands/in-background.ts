import { spawn } from 'node:child_process';
import { closeSync, fchmodSync, mkdirSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readState } from '../state-dir/state.js';

/** Set for a start without a terminal: Ctrl-C can't end it. */
export const IN_BACKGROUND = 'STOA_DETACHED';

const POLL_MS = 50;

/**
 * Starts the same program again in a session of its own, prints its output until the stack is ready, and leaves it
 * running.
 * @returns 0 when it is ready, else its exit code
 */
export async function startInBackground(stateDir: string, words: string[]): Promise<number> {
  const logDir = join(stateDir, 'logs');
  mkdirSync(logDir, { recursive: true });
  const file = join(logDir, 'supervisor.log');
  // It holds the operator's password, if this start makes one.
  const log = openSync(file, 'a', 0o600);
  fchmodSync(log, 0o600);
  const show = follow(file, statSync(file).size);
  const [script = '', verb = 'start'] = process.argv.slice(1);
  const child = spawn(process.execPath, [...process.execArgv, script, verb, ...words], {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, [IN_BACKGROUND]: 'yes' },
  });
  closeSync(log);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  for (;;) {
    const ended = child.exitCode ?? (child.signalCode ? 1 : undefined);
    const state = readState(stateDir);
    const ready = state?.pid === child.pid && state?.phase === 'ready';
    show();
    if (ended !== undefined) return ended;
    if (ready) break;
    await delay(POLL_MS);
  }
  child.unref();
  return 0;
}

/** @returns prints what was added to a file since the last call: failures to standard error, the rest to output */
function follow(file: string, from: number): () => void {
  let offset = from;
  return () => {
    const { size } = statSync(file);
    if (size <= offset) return;
    const bytes = Buffer.alloc(size - offset);
    const fd = openSync(file, 'r');
    try {
      offset += readSync(fd, bytes, 0, bytes.length, offset);
    } finally {
      closeSync(fd);
    }
    for (const line of bytes.toString('utf8').split(/(?<=\n)/)) {
      (line.startsWith('stoa: ') ? process.stderr : process.stdout).write(line);
    }
  };
}
