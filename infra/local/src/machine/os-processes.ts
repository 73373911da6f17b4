import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';

/**
 * Distinguishes a process from a later one with the same number, by the time of its start.
 * @returns that time as the system writes it; undefined if there is no such process
 */
export function identityOf(pid: number): string | undefined {
  if (process.platform === 'linux') return statField(pid, 22);
  return ps(pid, 'lstart=');
}

/** The command line of a process, for people; undefined if there is none or it can't be seen. */
function commandOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return ps(pid, 'command=');
  const words = read(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ').trim();
  return words || read(`/proc/${pid}/comm`)?.trim();
}

/** True if the process runs; a zombie, which has ended and waits for its parent, does not. */
export function isAlive(pid: number): boolean {
  if (process.platform === 'linux') {
    const state = statField(pid, 3);
    return state !== undefined && state !== 'Z';
  }
  return ps(pid, 'pid=') !== undefined;
}

/** True if no thread of a process runs: SIGSTOP holds it, or it has ended. */
export function isHalted(pid: number): boolean {
  if (!isAlive(pid)) return true;
  if (process.platform !== 'linux') return ps(pid, 'stat=')?.startsWith('T') ?? true;
  return threadsOf(pid).every((thread) => statField(thread, 3) === 'T');
}

/**
 * Memory of a process and its descendants, in bytes: on Linux the proportional set size, which counts a page that n
 * processes share as 1/n in each; elsewhere the resident set size of the process alone.
 */
export function memoryOf(pid: number, children: Map<number, number[]> = childrenByParent()): number {
  if (process.platform !== 'linux') return Number(ps(pid, 'rss=') ?? 0) * 1024;
  const own = Number(/^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '')?.[1] ?? 0) * 1024;
  return (children.get(pid) ?? []).reduce((sum, child) => sum + memoryOf(child, children), own);
}

/**
 * Lowers the priority of a process by so much, and that of the processes it starts from then on, as far as the system
 * can. One that has ended is left alone.
 */
export function lowerPriority(pid: number, by: number): void {
  try {
    const nice = Math.min(constants.priority.PRIORITY_LOW, getPriority(pid) + by);
    for (const thread of threadsOf(pid)) setPriority(thread, nice);
    // Linux may schedule sessions first, each with a priority of its own, and the threads in them only after that.
    if (process.platform === 'linux') writeFileSync(`/proc/${pid}/autogroup`, String(nice));
  } catch {
    // It has ended, or sessions have no priorities here.
  }
}

/** A priority is a thread's on Linux; elsewhere the process has one. */
const threadsOf = (pid: number): number[] =>
  process.platform === 'linux' ? readdirSync(`/proc/${pid}/task`).map(Number) : [pid];

/** The children of every process, by its number; empty where /proc is missing. */
export function childrenByParent(): Map<number, number[]> {
  const children = new Map<number, number[]>();
  if (process.platform !== 'linux') return children;
  for (const pid of allPids()) {
    const parent = Number(statField(pid, 4) ?? 0);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  return children;
}

/** The process that listens on a TCP port of this machine, as far as this user may see it. */
export function listenerOf(port: number): { pid: number; command: string } | undefined {
  const pid = process.platform === 'linux' ? listenerOnLinux(port) : listenerByLsof(port);
  return pid === undefined ? undefined : { pid, command: commandOf(pid) ?? 'unknown' };
}

function listenerOnLinux(port: number): number | undefined {
  const inodes = new Set<string>();
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of (read(table) ?? '').split('\n')) {
      const fields = line.trim().split(/\s+/);
      if (fields[3] === '0A' && fields[1]?.endsWith(`:${wanted}`)) inodes.add(`socket:[${fields[9]}]`);
    }
  }
  if (inodes.size === 0) return undefined;
  return allPids().find((pid) => openFiles(pid).some((file) => inodes.has(file)));
}

function openFiles(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        return '';
      }
    });
  } catch {
    return []; // another user's, or gone
  }
}

function listenerByLsof(port: number): number | undefined {
  const output = tryExec('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-t']);
  return output ? Number(output.split('\n')[0]) : undefined;
}

function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/**
 * The fields of /proc/PID/stat from the third on, the state; undefined when there is no such process.
 * The second may hold spaces and brackets, hence the cut at the last bracket.
 */
export function statFields(pid: number): readonly string[] | undefined {
  const stat = read(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** A field of /proc/PID/stat by its number in proc(5), from 3 on. */
const statField = (pid: number, field: number): string | undefined => statFields(pid)?.[field - 3];

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function ps(pid: number, column: string): string | undefined {
  return tryExec('ps', ['-o', column, '-p', String(pid)]);
}

function tryExec(command: string, args: string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() || undefined;
  } catch {
    return undefined;
  }
}
