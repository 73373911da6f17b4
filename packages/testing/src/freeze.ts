import { readdirSync, readFileSync } from 'node:fs';
import { eventually } from './eventually.js';

/**
 * Lets a process stand still, connections open, and waits until it does: SIGSTOP is only asked for by `kill`, and on a busy machine
 * a process of many threads answers for a while longer. SIGCONT wakes it up.
 */
export async function freeze(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await eventually(() => {
    const running = statesOf(pid).filter((state) => state !== 'T');
    if (running.length > 0) throw new Error(`${running.length} threads of ${pid} still run`);
  });
}

/** One letter per thread, as proc(5) has them; none where there is no /proc. */
function statesOf(pid: number): string[] {
  return entries(`/proc/${pid}/task`).flatMap((thread) => {
    const stat = read(`/proc/${pid}/task/${thread}/stat`);
    // The state comes behind the name, which may have parentheses in it.
    return stat === undefined ? [] : stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
  });
}

function entries(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

/** Nothing, when the thread has ended. */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
