import { Worker } from 'node:worker_threads';

/**
 * Holds processes to a share of a core each, as on a machine of their own that is so much slower. One that has had its
 * share is stopped (SIGSTOP) until it is due again. Only the CPU time that the kernel gives it counts, so it does not
 * matter how busy this machine is. It works by signals, which need no rights that a developer lacks, in a worker: this
 * thread has a load to send.
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
