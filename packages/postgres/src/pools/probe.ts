import pg from 'pg';
import type { Verdict } from './circuit.js';
import { ConnectionLost } from '../errors/errors.js';
import { saysOfServer } from '../errors/server-errors.js';

/** Milliseconds for the connection, and again for the answer: a server that needs longer serves nobody. */
const TIMEOUT_MS = 1_500;

const ASK = `SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool AS is_read_only`;

export interface Probed {
  readonly verdict: Verdict;
  /** Why it does not take all work. */
  readonly cause?: unknown;
}

/**
 * Asks a server, on a connection of its own, whether it takes work. A server that refuses the connection for a reason of its own
 * (a wrong password, too many connections) is there, and says so itself to whoever asks it.
 */
export async function probeServer(url: string, applicationName: string): Promise<Probed> {
  const client = new pg.Client({
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
  });
  client.on('error', () => undefined); // the statement under way fails with it
  try {
    await client.connect();
    const { rows } = await client.query<{ is_read_only: boolean }>(ASK);
    return rows[0]?.is_read_only === false
      ? { verdict: 'serves' }
      : { verdict: 'reads', cause: new Error('it takes no writes') };
  } catch (cause) {
    const error = new ConnectionLost(cause, 'no answer to a probe');
    return saysOfServer(error) === 'fault' ? { verdict: 'unavailable', cause } : { verdict: 'serves' };
  } finally {
    void client.end().catch(() => undefined); // not waited for: a frozen server ends no connection
  }
}
