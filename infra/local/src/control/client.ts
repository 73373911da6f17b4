import { connect } from 'node:net';
import { CliError } from '@stoa/cli';
import { readLines, REPLY, socketOf, type Line, type Tasks } from './protocol.js';

/** Gets the steps of a task under way. */
export interface StepListener {
  began(step: string): void;
  /** @param ms how long it took */
  ended(step: string, ms: number): void;
}

/** A clone has a minute to become ready, and a shard server's data folder takes seconds: longer silence is a fault. */
const SILENCE_TIMEOUT_MS = 120_000;

/**
 * Requests a task of the running stack and waits for its reply.
 * @throws CliError when no stack runs, or with the failure of the task
 */
export function requestTask<T extends keyof Tasks>(
  stateDir: string,
  task: T,
  request: Tasks[T]['request'],
  listener?: StepListener,
): Promise<Tasks[T]['reply']> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketOf(stateDir));
    const silent = new CliError(`the stack has sent nothing for ${SILENCE_TIMEOUT_MS / 1000} s`);
    socket.setTimeout(SILENCE_TIMEOUT_MS, () => socket.destroy(silent));
    socket.once('connect', () => socket.write(`${JSON.stringify({ task, ...request })}\n`));
    socket.once('error', (cause) => {
      const none = 'no stack runs on this machine that takes commands: npm start brings one up';
      reject(cause === silent ? silent : new CliError(none, { cause }));
    });
    readLines(socket, (text) => {
      const line = JSON.parse(text) as Line;
      if ('begins' in line) listener?.began(line.begins);
      else if ('ends' in line) listener?.ended(line.ends, line.ms);
      else if ('failure' in line) reject(new CliError(line.failure));
      else resolve(line[REPLY] as Tasks[T]['reply']);
    });
    socket.once('close', () => reject(new CliError('the stack ended before it had replied')));
  });
}
