import { chmod, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { CliError, reason } from '@stoa/cli';

/** What can be asked of a stack that runs: what goes in, and what comes back. */
export interface Tasks {
  'add shard': { asks: { name?: string }; answers: { name: string; port: number } };
  'set clones': { asks: { counts: Readonly<Record<string, number>> }; answers: ClonesByApp };
  roll: { asks: { apps: readonly string[] }; answers: ClonesByApp };
}

/** Names of the clones that run, by app. */
export type ClonesByApp = Readonly<Record<string, readonly string[]>>;

/** Does a part of a task, and tells whoever asked when it begins and when it is done. */
export type Step = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/** What does the tasks. A task that throws ends with that failure. */
export type Handlers = {
  readonly [T in keyof Tasks]: (asks: Tasks[T]['asks'], step: Step) => Promise<Tasks[T]['answers']>;
};

/** Gets what is heard of a task under way. */
export interface Listener {
  began(step: string): void;
  /** @param ms how long it took */
  ended(step: string, ms: number): void;
}

type Line =
  | { readonly begins: string }
  | { readonly ends: string; readonly ms: number }
  | { readonly answer: unknown }
  | { readonly failure: string };

/** Silence for this long is no patience any more: a clone has a minute to become ready, a shard server's data folder takes seconds. */
const PATIENCE_MS = 120_000;

const socketOf = (stateDir: string): string => join(stateDir, 'run/control.sock');

/**
 * Listens for tasks on a Unix socket: a JSON line asks, a line comes back when a step begins and when it ends, the last one is
 * the answer or the failure. A task goes on when whoever asked goes away.
 * @returns what ends that
 */
export async function offerControl(stateDir: string, handlers: Handlers): Promise<() => void> {
  const path = socketOf(stateDir);
  await rm(path, { force: true });
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    readLines(socket, (line) => void serve(socket, line, handlers));
  });
  await listen(server, path);
  // Others on this machine have no business here. (What is answered is no secret.)
  await chmod(path, 0o600);
  return () => void server.close();
}

async function serve(socket: Socket, line: string, handlers: Handlers): Promise<void> {
  const tell = (what: Line): void => void (socket.writable && socket.write(`${JSON.stringify(what)}\n`));
  const step: Step = async (name, work) => {
    tell({ begins: name });
    const began = performance.now();
    const result = await work();
    tell({ ends: name, ms: Math.round(performance.now() - began) });
    return result;
  };
  try {
    const { task, ...asks } = JSON.parse(line) as { task: keyof Tasks };
    const handler = handlers[task] as ((asks: unknown, step: Step) => Promise<unknown>) | undefined;
    if (!handler) throw new CliError(`the stack that runs knows no task "${task}": npm run stop, then npm start`);
    tell({ answer: await handler(asks, step) });
  } catch (error) {
    tell({ failure: reason(error) });
  }
  socket.end();
}

/**
 * Asks the stack that runs to do something, and waits for its answer.
 * @throws CliError when none runs, or with what went wrong
 */
export function askControl<T extends keyof Tasks>(
  stateDir: string,
  task: T,
  asks: Tasks[T]['asks'],
  listener?: Listener,
): Promise<Tasks[T]['answers']> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketOf(stateDir));
    const silent = new CliError(`the stack has said nothing for ${PATIENCE_MS / 1000} s`);
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(silent));
    socket.once('connect', () => socket.write(`${JSON.stringify({ task, ...asks })}\n`));
    socket.once('error', (cause) => {
      const none = 'no stack runs on this machine that takes commands: npm start brings one up';
      reject(cause === silent ? silent : new CliError(none, { cause }));
    });
    readLines(socket, (text) => {
      const line = JSON.parse(text) as Line;
      if ('begins' in line) listener?.began(line.begins);
      else if ('ends' in line) listener?.ended(line.ends, line.ms);
      else if ('failure' in line) reject(new CliError(line.failure));
      else resolve(line.answer as Tasks[T]['answers']);
    });
    socket.once('close', () => reject(new CliError('the stack ended before it had answered')));
  });
}

function readLines(socket: Socket, onLine: (line: string) => void): void {
  let rest = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
}
