import { pause } from '@stoa/timing';

/** Work that is done again and again. */
export interface Repeated {
  /** One run. Resolves with the milliseconds until the next one, and never rejects. */
  readonly work: () => Promise<number>;
  /** Ends the runs. */
  readonly signal: AbortSignal;
  /** Milliseconds before the first run; none if not given. */
  readonly firstMs?: number;
}

/** Does `work` until `signal` ends it, one run at a time. Keeps no process alive. */
export async function repeatedly({ work, signal, firstMs = 0 }: Repeated): Promise<void> {
  let waitMs = firstMs;
  while (!signal.aborted) {
    if (waitMs > 0) await pause(waitMs, signal, false);
    if (!signal.aborted) waitMs = await work();
  }
}
