import type pg from 'pg';

/** Milliseconds. */
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

/** What the server does about a client whose machine vanished: it notices within about 20 s and frees its locks. */
const SERVER_TCP = {
  tcp_keepalives_idle: '10',
  tcp_keepalives_interval: '3',
  tcp_keepalives_count: '3',
  tcp_user_timeout: '20000',
};

// As one statement after connecting and not as start-up options: poolers refuse unknown options, and a server that
// does not know a setting (transaction_timeout came with Postgres 17) is left without it.
const APPLY = `SELECT set_config(s.name, s.value, false)
  FROM unnest($1::text[], $2::text[]) AS s(name, value) WHERE current_setting(s.name, true) IS NOT NULL`;

/** Sets the session's time-outs. */
export async function applySessionSettings(client: pg.ClientBase, timeouts: Timeouts): Promise<void> {
  const settings: Record<string, string> = {
    statement_timeout: String(timeouts.statementMs),
    lock_timeout: String(timeouts.lockMs),
    idle_in_transaction_session_timeout: String(timeouts.idleInTransactionMs),
    transaction_timeout: String(timeouts.transactionMs),
    ...SERVER_TCP,
  };
  await client.query(APPLY, [Object.keys(settings), Object.values(settings)]);
}
