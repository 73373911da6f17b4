import type { Verdict } from './circuit.js';

/** Called when a server gets no work any more (`reads`: no writes), with the reason, and when it does again. */
export type OnAvailability = (server: string, state: Verdict, cause?: unknown) => void;

/** Logs, spans and limits that a pool's owner adds to it: the pool itself knows none. */
export interface PoolHooks {
  /** Called with each error of an idle session (its server restarts); the pool replaces the session. */
  readonly onIdleError?: (error: Error, server: string) => void;
  readonly onAvailability?: OnAvailability;
  /** Called before a connection is taken. The caller gets what it throws. */
  readonly onAcquire?: (server: string) => void;
  /** Runs a transaction or a read, as a span of a trace for example, and returns its result. */
  readonly around?: <T>(operation: 'transaction' | 'read', server: string, work: () => Promise<T>) => Promise<T>;
}
