import type { Verdict } from './circuit.js';

/** Called when a server is given no work any more (`reads`: no writes), with the reason, and when it is again. */
export type OnAvailability = (server: string, state: Verdict, cause?: unknown) => void;

/** Where whoever owns a pool adds logs, spans and limits to it: the pool itself knows none. */
export interface PoolHooks {
  /** Called with each error of a session that nobody was using (its server restarts); the pool replaces it. */
  readonly onIdleError?: (error: Error, server: string) => void;
  readonly onAvailability?: OnAvailability;
  /** Called before a connection is taken. What it throws is what the caller gets. */
  readonly onAcquire?: (server: string) => void;
  /** Runs a transaction or a read as a step of a trace, say, and returns its result. */
  readonly around?: <T>(operation: 'transaction' | 'read', server: string, work: () => Promise<T>) => Promise<T>;
}
