import pg from 'pg';
import type { Verdict } from './circuit.js';
import { ConnectionLost } from '../errors/errors.js';
import { serverSignOf } from '../errors/server-errors.js';

/** Milliseconds for the connection, and again for the reply: a server that needs longer serves nobody. */
const TIMEOUT_MS = 1_500;

const QUERY = `SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool AS is_read_only`;

export interface ProbeResult {
  readonly verdict: Verdict;
  /** The reason why it does not take all work. */
  readonly cause?: unknown;
}

/**
 * Queries a server, on a connection outside of the pool, whether it takes work. Never rejects. A server that refuses
 * the connection for another reason (a wrong password, too many connections) counts as serving: its errors say more.
 */
export async function probeServer(url: string, applicationName: string): Promise<ProbeResult> {
  const client = new pg.Client({
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
  });
  client.on('error', () => undefined); // the statement under way fails with it
  try {
    await client.connect();
    const { rows } = await client.query<{ is_read_only: boolean }>(QUERY);
    return rows[0]?.is_read_only === false
      ? { verdict: 'serves' }
      : { verdict: 'reads', cause: new Error('it takes no writes') };
  } catch (cause) {
    const error = new ConnectionLost(cause, 'no reply to a probe');
    return serverSignOf(error) === 'fault' ? { verdict: 'unavailable', cause } : { verdict: 'serves' };
  } finally {
    void client.end().catch(() => undefined); // not waited for: a frozen server ends no connection
  }
}
