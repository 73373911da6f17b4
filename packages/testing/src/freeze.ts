import { isHalted } from '@stoa/local';
import { eventually } from './eventually.js';

/**
 * Lets a process stand still, connections open, and waits until it does: SIGSTOP is only asked for by `kill`, and on a
 * busy machine a process of many threads answers for a while longer. SIGCONT wakes it up. @throws Error when it never
 * started
 */
export async function freeze({ pid }: { readonly pid?: number | undefined }): Promise<void> {
  if (pid === undefined) throw new Error('a process that never started can not be frozen');
  process.kill(pid, 'SIGSTOP');
  await eventually(() => {
    if (!isHalted(pid)) throw new Error(`process ${pid} still runs`);
  });
}
