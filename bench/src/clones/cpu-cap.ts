import { Worker } from 'node:worker_threads';

/**
 * Lets processes have no more than a share of a core each, as on a machine of their own that is so much slower: one that has had its
 * share stands still (SIGSTOP) until it is due again. What counts is the CPU time that the kernel gives it, so it does not matter how
 * busy this machine is. By signals, because they need no rights that a developer lacks. A worker does it: this thread has a load to send.
 */
export class CpuCap {
  private constructor(private readonly worker: Worker) {}

  /** @param shares by process id, of one core */
  static on(shares: ReadonlyMap<number, number>): CpuCap {
    const worker = new Worker(new URL('./cpu-cap-worker.js', import.meta.url), { workerData: [...shares] });
    return new CpuCap(worker);
  }

  /** All go on as they like. */
  async lift(): Promise<void> {
    const ended = new Promise((resolve) => this.worker.once('exit', resolve));
    this.worker.postMessage('lift');
    await ended;
  }
}
