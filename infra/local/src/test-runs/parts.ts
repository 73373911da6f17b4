import { spawn, type ChildProcess } from 'node:child_process';
import { setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { cancelStopAtExit, stopAtExit } from '../machine/parent-watch.js';
import { repoRoot } from '../state-dir/paths.js';

/** A program of a test run, such as Jest with some of its projects. */
export interface Part {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Lets the other parts come first where they want the same core: those that time out when they are slow. */
  readonly givesWay?: boolean;
}

export interface PartResult {
  readonly name: string;
  /** Undefined: it was not started, because of a signal. 1 also where a signal ended it. */
  readonly code: number | undefined;
  /** The signal that ended it. */
  readonly signal?: NodeJS.Signals;
  readonly seconds: number;
}

const NICENESS = 5;
/** Processes that a part left may hold its pipes: what they would say is of no interest. */
const LAST_OUTPUT_MS = 1_000;

/**
 * Runs queues side by side, and the parts of a queue one after the other, also after a failure. Each line of a part's
 * output begins with its name. After a signal no further part is started, and those that run end by it.
 */
export async function runQueues(
  queues: readonly (readonly Part[])[],
  env: NodeJS.ProcessEnv,
): Promise<{ results: PartResult[]; wasInterrupted: boolean }> {
  const running = new Set<ChildProcess>();
  let wasInterrupted = false;
  const stop = (signal: NodeJS.Signals): void => {
    wasInterrupted = true;
    for (const child of running) signalGroup(child, signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, stop);
  const width = Math.max(...queues.flat().map(({ name }) => name.length));
  const runQueue = async (parts: readonly Part[]): Promise<PartResult[]> => {
    const results: PartResult[] = [];
    for (const part of parts) {
      if (wasInterrupted) results.push({ name: part.name, code: undefined, seconds: 0 });
      else results.push(await runPart(part, env, `${part.name.padEnd(width)} | `, running));
    }
    return results;
  };
  try {
    const results = (await Promise.all(queues.map(runQueue))).flat();
    return { results, wasInterrupted };
  } finally {
    for (const signal of signals) process.off(signal, stop);
  }
}

function runPart(
  { name, command, args, givesWay }: Part,
  env: NodeJS.ProcessEnv,
  label: string,
  running: Set<ChildProcess>,
): Promise<PartResult> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const colors = process.stdout.isTTY ? { FORCE_COLOR: '1' } : {};
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...colors, ...env },
      cwd: repoRoot,
      // A process group of its own: Jest ends at once by a signal, and its workers must end with it.
      detached: true,
    });
    running.add(child);
    if (child.pid !== undefined) stopAtExit(-child.pid);
    if (givesWay && child.pid !== undefined) setPriority(child.pid, NICENESS);
    for (const output of [child.stdout, child.stderr]) copyLines(output, label);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      running.delete(child);
      if (child.pid !== undefined) cancelStopAtExit(-child.pid);
      const seconds = Math.round((performance.now() - started) / 1_000);
      const result = { name, code: code ?? 1, seconds, ...(signal && { signal }) };
      const done = (): void => resolve(result);
      child.once('close', done);
      setTimeout(done, LAST_OUTPUT_MS).unref();
    });
  });
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // It has ended.
  }
}

function copyLines(output: Readable, label: string): void {
  createInterface({ input: output }).on('line', (line) => process.stdout.write(`${label}${line}\n`));
}
