import { pause } from '@stoa/timing';

const RETRY_MS = 1_000;

/** Work that is tried again until it succeeds. */
export interface Attempted {
  readonly work: () => Promise<void>;
  /** Ends the tries. The promise then resolves without success. */
  readonly signal: AbortSignal;
  readonly logger: { warn(fields: object, message: string): void };
  /** Logged, as a warning, after each failure. */
  readonly complaint: string;
}

/** Tries `work` each second until it succeeds, or `signal` ends it. Never rejects, and keeps no process alive. */
export async function untilSuccess({ work, signal, logger, complaint }: Attempted): Promise<void> {
  while (!signal.aborted) {
    try {
      return await work();
    } catch (error) {
      logger.warn({ err: error }, complaint);
      await pause(RETRY_MS, signal, false);
    }
  }
}
