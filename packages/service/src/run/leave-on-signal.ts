import type { Logger } from '../logs/logger.js';
import type { Readiness } from '../admin/readiness.js';

export interface LeavingOptions {
  readonly logger: Logger;
  readonly readiness: Readiness;
  /** Finishes what is in work and closes what is open, in order. */
  readonly leave: () => Promise<void>;
  /** Milliseconds that leaving may take; 10,000 if not given. */
  readonly withinMs?: number;
}

const LEAVE_WITHIN_MS = 10_000;

/**
 * On SIGTERM or SIGINT: makes the clone unready, calls `leave`, and exits 0, or 1 when that fails or takes too long. A
 * second signal changes nothing, so that work in progress is finished.
 * @returns whether the process is leaving: a start that is cut short by it has not failed.
 */
export function leaveOnSignal({ logger, readiness, leave, withinMs = LEAVE_WITHIN_MS }: LeavingOptions): () => boolean {
  let leaving = false;
  const go = async (signal: string): Promise<void> => {
    if (leaving) return;
    leaving = true;
    const started = performance.now();
    logger.info({ signal }, 'leaving');
    readiness.drain();
    setTimeout(() => {
      logger.error({ withinMs }, 'leaving took too long');
      process.exit(1);
    }, withinMs).unref();
    try {
      await leave();
      logger.info({ ms: Math.round(performance.now() - started) }, 'left');
      process.exit(0);
    } catch (error) {
      logger.error({ err: error }, 'leaving failed');
      process.exit(1);
    }
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void go(signal));
  return () => leaving;
}

/** Logs the error and ends the process: its state is unknown, and a supervisor starts it again. */
export function exitWith(logger: Logger, error: unknown, message: string): never {
  logger.fatal({ err: error }, message);
  process.exit(1);
}

/** An error that nobody caught ends the process. */
export function exitOnUncaught(logger: Logger): void {
  process.on('uncaughtException', (error) => exitWith(logger, error, 'uncaught'));
  process.on('unhandledRejection', (error) => exitWith(logger, error, 'unhandled rejection'));
}
