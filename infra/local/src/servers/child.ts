import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CliError, reason } from '@stoa/cli';
import { stopAtExit, cancelStopAtExit } from '../machine/parent-watch.js';
import { lowerPriority } from '../machine/os-processes.js';

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A process of ours that runs in the background with its output in a file. */
export interface Running {
  pid: number;
  /** Settles when the process has ended, for whatever reason. */
  exited: Promise<Exit>;
  /** Asks it to stop and waits; kills it after `stopTimeoutMs`. Stopping what has ended already is fine. */
  stop(): Promise<void>;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
}

/** How whoever starts a server follows and interrupts its start. */
export interface Starting {
  /** Called as soon as the process exists, long before it answers. */
  onSpawn?: (pid: number) => void;
  /** Aborting it while the server is not ready yet kills it. */
  signal?: AbortSignal;
}

/** Just these two of a server's options, to be handed on. */
export function startingOf({ onSpawn, signal }: Starting): Starting {
  return { ...(onSpawn ? { onSpawn } : {}), ...(signal ? { signal } : {}) };
}

export interface ChildOptions extends Starting {
  /** How people call it, for messages. */
  name: string;
  command: string;
  args: string[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Others come first where they want the same core. */
  lowPriority?: boolean;
  uid?: number;
  gid?: number;
  logFile: string;
  stopSignal: NodeJS.Signals;
  /** Milliseconds from the stop signal to SIGKILL. */
  stopTimeoutMs?: number;
  /** Must resolve once the server really answers; it is called until it does. */
  probe: () => Promise<void>;
  /** Milliseconds to wait for the first answer. */
  readyTimeoutMs?: number;
}

/**
 * Half of the others' weight: enough to come after them. With a sixth (8), clones on a full machine missed heartbeats and let requests
 * wait for longer than their budget while others started.
 */
const NICE = 3;

/** Starts a server and waits until it answers. If it ends or stays silent instead, nothing is left running and a CliError says why. */
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
      ...(options.uid === undefined ? {} : { uid: options.uid }),
      ...(options.gid === undefined ? {} : { gid: options.gid }),
    });
  } finally {
    closeSync(log);
  }
}

function runningChild(child: ChildProcess, pid: number, exited: Promise<Exit>, options: ChildOptions): Running {
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const kill = async (): Promise<void> => {
    if (!ended()) child.kill('SIGKILL');
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
  const timeoutMs = options.readyTimeoutMs ?? 60_000;
  const deadline = Date.now() + timeoutMs;
  let end: Exit | undefined;
  void exited.then((exit) => (end = exit)).catch(() => undefined);
  let last: unknown;
  while (Date.now() < deadline) {
    if (end) {
      const said = tellingLine(options.logFile, logOffset);
      throw new CliError(`${options.name} ended while starting (${exitWords(end)}): ${said}`);
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

/** "exit code 1" or "signal SIGKILL". */
export function exitWords(exit: Exit): string {
  return exit.signal ? `signal ${exit.signal}` : `exit code ${exit.code}`;
}

// What the system says is the cause; what a server makes of it comes in the lines after.
const CAUSES = /address already in use|no space left|permission denied|out of memory|cannot allocate/i;

const TROUBLE = /\b(fatal|error|panic|alert|\w*exception)\b/i;

/** The line of a log, from a byte offset on, that most likely says what went wrong: the first that looks like an error, else the last. */
function tellingLine(logFile: string, offset: number): string {
  const lines = readFileSync(logFile).subarray(offset).toString('utf8').trimEnd().split('\n');
  const telling = lines.find((line) => CAUSES.test(line)) ?? lines.find((line) => TROUBLE.test(line)) ?? lines.at(-1);
  return forPeople(telling?.trim() ?? '').slice(0, 400) || `it said nothing in ${logFile}`;
}

/** Our own services log JSON: its message, and that of the error in it. */
function forPeople(line: string): string {
  if (!line.startsWith('{')) return line;
  try {
    const { msg, err } = JSON.parse(line) as { msg?: string; err?: { message?: string } };
    return [msg, err?.message].filter((part, n, all) => part && all.indexOf(part) === n).join(': ') || line;
  } catch {
    return line;
  }
}
