import type pg from 'pg';
import { applyKnownSettings } from '../sessions/settings.js';

/** Time-outs of a pool's sessions, in milliseconds. */
export interface Timeouts {
  /** One statement. */
  readonly statementMs: number;
  /** Waiting for a lock. */
  readonly lockMs: number;
  /** A transaction in which nothing happens: its process is frozen or gone, and it holds locks. */
  readonly idleInTransactionMs: number;
  /** A transaction from BEGIN to COMMIT. */
  readonly transactionMs: number;
}

export const DEFAULT_TIMEOUTS: Timeouts = {
  statementMs: 5_000,
  lockMs: 2_000,
  idleInTransactionMs: 1_000,
  transactionMs: 10_000,
};

/** Lets the server notice within about 20 s that a client's machine vanished, and free its locks. */
const SERVER_TCP = {
  tcp_keepalives_idle: '10',
  tcp_keepalives_interval: '3',
  tcp_keepalives_count: '3',
  tcp_user_timeout: '20000',
};

/** Sets the time-outs of a pool's session. */
export const applyPoolSettings = (client: pg.ClientBase, timeouts: Timeouts): Promise<void> =>
  applyKnownSettings(client, {
    statement_timeout: String(timeouts.statementMs),
    lock_timeout: String(timeouts.lockMs),
    idle_in_transaction_session_timeout: String(timeouts.idleInTransactionMs),
    transaction_timeout: String(timeouts.transactionMs),
    ...SERVER_TCP,
  });
