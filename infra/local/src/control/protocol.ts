/**
 * The protocol of `run/control.sock`: a JSON line requests a task, a line comes back when a step begins and when it
 * ends, and the last line is the reply or the failure. The lines' keys stay: the command may be of a later build than
 * the stack.
 */
import type { Socket } from 'node:net';
import { join } from 'node:path';

/** The tasks of a running stack with their requests and replies. */
export interface Tasks {
  'add shard': { request: { name?: string }; reply: { name: string; port: number } };
  'set clones': { request: { counts: Readonly<Record<string, number>> }; reply: ClonesByApp };
  /** @see Clones.roll */
  roll: { request: { apps: readonly string[]; haproxy?: string }; reply: ClonesByApp };
}

/** Names of the clones that run, by app. */
export type ClonesByApp = Readonly<Record<string, readonly string[]>>;

/** Does a part of a task, and reports to the client when it begins and when it ends. */
export type Step = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/** The key of the reply in its line. */
export const REPLY = 'answer';

/** A line from the stack to the client. */
export type Line =
  | { readonly begins: string }
  | { readonly ends: string; readonly ms: number }
  | { readonly [REPLY]: unknown }
  | { readonly failure: string };

/** The Unix socket of a stack. */
export const socketOf = (stateDir: string): string => join(stateDir, 'run/control.sock');

/** Calls back for each whole line that arrives. */
export function readLines(socket: Socket, onLine: (line: string) => void): void {
  let rest = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
}
