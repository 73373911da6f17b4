import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { CliError, reason } from '@stoa/cli';
import { readLines, REPLY, socketOf, type Line, type Step, type Tasks } from './protocol.js';

/** The implementation of each task. An error that it throws becomes the failure of the task. */
export type Handlers = {
  readonly [T in keyof Tasks]: (request: Tasks[T]['request'], step: Step) => Promise<Tasks[T]['reply']>;
};

/**
 * Takes requests of tasks on the stack's Unix socket. A task goes on when its client disconnects.
 * @returns closes the socket
 */
export async function serveControl(stateDir: string, handlers: Handlers): Promise<() => void> {
  const path = socketOf(stateDir);
  await rm(path, { force: true });
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    readLines(socket, (line) => void serve(socket, line, handlers));
  });
  await listen(server, path);
  // For this user only. (The replies hold no secret.)
  await chmod(path, 0o600);
  return () => void server.close();
}

async function serve(socket: Socket, line: string, handlers: Handlers): Promise<void> {
  const send = (reply: Line): void => void (socket.writable && socket.write(`${JSON.stringify(reply)}\n`));
  const step: Step = async (name, work) => {
    send({ begins: name });
    const began = performance.now();
    const result = await work();
    send({ ends: name, ms: Math.round(performance.now() - began) });
    return result;
  };
  try {
    const { task, ...request } = JSON.parse(line) as { task: keyof Tasks };
    const handler = handlers[task] as ((request: unknown, step: Step) => Promise<unknown>) | undefined;
    if (!handler) throw new CliError(`the stack that runs knows no task "${task}": npm run stop, then npm start`);
    send({ [REPLY]: await handler(request, step) });
  } catch (error) {
    send({ failure: reason(error) });
  }
  socket.end();
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
}
