import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identityOf, isAlive } from '../machine/os-processes.js';

/** The kinds of processes, in the order in which they are stopped. */
export const KINDS = ['haproxy', 'gateway', 'service', 'payments', 'toxiproxy', 'redis', 'kafka', 'postgres'] as const;
export type Kind = (typeof KINDS)[number];

/** One process of a stack, as other commands see it. */
export interface ProcessRecord {
  name: string;
  kind: Kind;
  /** Undefined while it waits to be started again. */
  pid?: number;
  /** See identityOf: a process with this number but another identity is not ours. */
  identity?: string;
  /** Where it serves, if it does. */
  port?: number;
  /** Where a clone answers /health and /metrics. */
  adminPort?: number;
  state: 'starting' | 'running' | 'restarting' | 'leaving' | 'stopped';
  restarts: number;
}

/**
 * A running stack, written to `run/state.json` at each change. The file outlives a killed supervisor, whose orphans are
 * found by it.
 */
export interface State {
  pid: number;
  identity: string;
  phase: 'starting' | 'ready' | 'stopping';
  startedAt: string;
  /** Where the shop answers; absent when no gateway was asked for. */
  url?: string;
  /** HAProxy's admin socket: servers are added, drained and removed through it. */
  balancerSocket?: string;
  processes: ProcessRecord[];
}

function fileIn(stateDir: string): string {
  return join(stateDir, 'run/state.json');
}

/** The state of the last run, whether it still runs or not. A file that can't be read counts as none. */
export function readState(stateDir: string): State | undefined {
  if (!existsSync(fileIn(stateDir))) return undefined;
  try {
    return JSON.parse(readFileSync(fileIn(stateDir), 'utf8')) as State;
  } catch {
    return undefined;
  }
}

/** Replaces `run/state.json` at once: a reader finds the earlier state or this one. */
export function writeState(stateDir: string, state: State): void {
  mkdirSync(join(stateDir, 'run'), { recursive: true });
  const temporary = `${fileIn(stateDir)}.new`;
  writeFileSync(temporary, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(temporary, fileIn(stateDir));
}

/** Removes `run/state.json`, when nothing of the stack runs any more. */
export function removeState(stateDir: string): void {
  rmSync(fileIn(stateDir), { force: true });
}

/** The state of the stack that runs now, if its supervisor is alive. */
export function runningState(stateDir: string): State | undefined {
  const state = readState(stateDir);
  return state && isOurs(state) ? state : undefined;
}

/** True if the recorded process still runs, and is not another one that got its number. */
export function isOurs(record: { pid?: number; identity?: string }): boolean {
  return record.pid !== undefined && isAlive(record.pid) && identityOf(record.pid) === record.identity;
}

/** The app of a clone, by its name. */
export const appOf = ({ name }: Pick<ProcessRecord, 'name'>): string => name.replace(/-\d+$/, '');
