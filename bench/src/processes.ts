import { childrenByParent, lowerPriority, statFields } from '@stoa/local';

/** Linux counts CPU time in ticks of 10 ms (USER_HZ is 100 on every port of it). */
const MS_PER_TICK = 10;
const MORE_NICE = 10;

/** CPU milliseconds of one process and of its children that have ended; 0 when it is gone. */
function ownCpuMs(pid: number): number {
  const stat = statFields(pid);
  // utime, stime, and both for children that ended and were waited for
  return [11, 12, 13, 14].reduce((sum, field) => sum + Number(stat?.[field] ?? 0), 0) * MS_PER_TICK;
}

/** A process and all its descendants (Postgres works in children). */
function treeOf(root: number): number[] {
  const children = childrenByParent();
  const pids = [root];
  for (const pid of pids) pids.push(...(children.get(pid) ?? []));
  return pids;
}

/** CPU milliseconds of a process and all its descendants, read from /proc. */
export const cpuOfTree = (root: number): number => treeOf(root).reduce((sum, pid) => sum + ownCpuMs(pid), 0);

/**
 * Gives this process the CPU before another one and its descendants, as if it ran on a machine of its own: a sender
 * that waits for the CPU would measure its own delays. Among each other they keep their order.
 */
export function comeBefore(root: number): void {
  for (const pid of treeOf(root)) lowerPriority(pid, MORE_NICE);
}

/** The processes of one role, such as `gateway` or `Postgres`. */
export interface Role {
  readonly name: string;
  readonly pids: readonly number[];
}

/** CPU milliseconds by role. */
export const cpuByRole = (roles: readonly Role[]): Map<string, number> =>
  new Map(roles.map(({ name, pids }) => [name, pids.reduce((sum, pid) => sum + cpuOfTree(pid), 0)]));

/** The difference of two readings, role by role. */
export const cpuBetween = (before: Map<string, number>, after: Map<string, number>): Map<string, number> =>
  new Map([...after].map(([name, ms]) => [name, ms - (before.get(name) ?? 0)]));
