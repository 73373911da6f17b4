import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CliError, reason } from '@stoa/cli';
import { stopAtExit, cancelStopAtExit } from '../machine/parent-watch.js';
import { lowerPriority } from '../machine/os-processes.js';
import { tellingLine } from './telling-line.js';

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A child process that runs in the background with its output in a file. */
export interface Running {
  pid: number;
  /** Settles when the process has ended, for whatever reason. */
  exited: Promise<Exit>;
  /** Asks it to stop and waits; kills it after `stopTimeoutMs`. Stopping what has ended already is fine. */
  stop(): Promise<void>;
  /** Sends SIGKILL to it and its children, and waits until it has ended. */
  kill(): Promise<void>;
}

/** Follows and interrupts the start of a server. */
export interface Starting {
  /** Called as soon as the process exists, long before it answers. */
  onSpawn?: (pid: number) => void;
  /** Aborting it while the server is not ready yet kills it. */
  signal?: AbortSignal;
}

/** These two of a server's options, to be passed on. */
export function startingOf({ onSpawn, signal }: Starting): Starting {
  return { ...(onSpawn && { onSpawn }), ...(signal && { signal }) };
}

export interface ChildOptions extends Starting {
  /** Its name in messages. */
  name: string;
  command: string;
  args: string[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Other processes come first where they want the same core. */
  lowPriority?: boolean;
  uid?: number;
  gid?: number;
  logFile: string;
  stopSignal: NodeJS.Signals;
  /** Milliseconds from the stop signal to SIGKILL. */
  stopTimeoutMs?: number;
  /** Resolves once the server serves requests; it is called until it does. */
  probe: () => Promise<void>;
  /** Milliseconds until the probe must resolve. */
  readyTimeoutMs?: number;
}

/**
 * Half of the others' weight: enough to come after them. With a sixth (8), clones on a full machine missed heartbeats,
 * and requests waited for longer than their budget while others started.
 */
const NICE = 3;

/**
 * Starts a server and waits until its probe resolves.
 * @throws CliError with the reason when it ends or stays silent instead; nothing is left running
 */
export async function startChild(options: ChildOptions): Promise<Running> {
  const before = statSync(options.logFile, { throwIfNoEntry: false })?.size ?? 0;
  const child = spawnLogged(options);
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  exited.catch(() => undefined);
  const { pid } = child;
  if (pid === undefined) {
    const cause: unknown = await exited.catch((error: unknown) => error);
    throw new CliError(`${options.name} could not be started: ${reason(cause)}`);
  }
  stopAtExit(pid);
  if (options.lowPriority) lowerPriority(pid, NICE);
  options.onSpawn?.(pid);
  void exited.finally(() => cancelStopAtExit(pid)).catch(() => undefined);
  const running = runningChild(child, pid, exited, options);
  try {
    await untilReady(options, exited, before);
    return running;
  } catch (error) {
    await running.kill();
    throw error;
  }
}

function spawnLogged(options: ChildOptions): ChildProcess {
  mkdirSync(dirname(options.logFile), { recursive: true });
  const log = openSync(options.logFile, 'a');
  try {
    return spawn(options.command, options.args, {
      env: options.env ?? process.env,
      cwd: options.cwd ?? dirname(options.logFile),
      stdio: ['ignore', log, log],
      // A process group of its own: Ctrl-C in a terminal must reach only us, who then stop all in the right order.
      detached: true,
      ...(options.uid !== undefined && { uid: options.uid }),
      ...(options.gid !== undefined && { gid: options.gid }),
    });
  } finally {
    closeSync(log);
  }
}

function runningChild(child: ChildProcess, pid: number, exited: Promise<Exit>, options: ChildOptions): Running {
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const kill = async (): Promise<void> => {
    if (!ended()) killGroup(pid);
    await exited;
  };
  const stop = async (): Promise<void> => {
    if (ended()) return;
    child.kill(options.stopSignal);
    const timer = new AbortController();
    const timeout = delay(options.stopTimeoutMs ?? 15_000, 'late', { signal: timer.signal }).catch(() => 'done');
    const first = await Promise.race([exited.then(() => 'done'), timeout]);
    timer.abort();
    if (first === 'late') await kill();
  };
  return { pid, exited, stop, kill };
}

async function untilReady(options: ChildOptions, exited: Promise<Exit>, logOffset: number): Promise<void> {
  const timeoutMs = options.readyTimeoutMs ?? 120_000;
  const deadline = Date.now() + timeoutMs;
  let end: Exit | undefined;
  void exited.then((exit) => (end = exit)).catch(() => undefined);
  let last: unknown;
  while (Date.now() < deadline) {
    if (end) {
      const log = readFileSync(options.logFile).subarray(logOffset).toString('utf8');
      const why = tellingLine(log) || `it wrote nothing to ${options.logFile}`;
      throw new CliError(`${options.name} ended while starting (${exitWords(end)}): ${why}`);
    }
    options.signal?.throwIfAborted();
    try {
      await options.probe();
      return;
    } catch (error) {
      last = error;
    }
    await delay(40);
  }
  const seconds = Math.round(timeoutMs / 1000);
  throw new CliError(
    `${options.name} did not answer within ${seconds} s (${reason(last)}); its log: ${options.logFile}`,
  );
}

/** Kills a process and its children: as it is detached, they are a process group. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // it ended in between
  }
}

/** "exit code 1" or "signal SIGKILL". */
export function exitWords(exit: Exit): string {
  return exit.signal ? `signal ${exit.signal}` : `exit code ${exit.code}`;
}
