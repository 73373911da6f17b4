import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { codeOf, reasonOf } from '../errors/errors.js';
import { isTransient } from '../errors/faults.js';

/** Prisma's own lock number: its CLI and this runner keep each other out. */
const LOCK = 72_707_369;
const CONNECT_WITHIN_MS = 30_000;
const BETWEEN_TRIES_MS = 250;
const LOCK_WITHIN_MS = 600_000;
/** DDL that waits for a lock makes everybody behind it wait too: better to fail and be run again. */
const DDL_LOCK_TIMEOUT_MS = 10_000;

/** Gets a line per step of a migration. */
export type Log = (line: string) => void;

async function connectOnce(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, application_name: 'migrate', connectionTimeoutMillis: 5_000 });
  // The failing statement reports the error; an 'error' event without a listener would end the process instead.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/**
 * Opens a connection for migrating. Waits up to 30 s for a server that is starting; other errors are thrown at once.
 * @throws Error of the last try, with the database's name but not its password.
 */
export async function connect(url: string, log: Log, withinMs = CONNECT_WITHIN_MS): Promise<Client> {
  const deadline = performance.now() + withinMs;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await connectOnce(url);
    } catch (error) {
      if (!isTransient(error) || performance.now() > deadline) throw explain(url, error);
      if (attempt === 0) log(`waiting for the database: ${codeOf(error) ?? String(error)}`);
      await delay(BETWEEN_TRIES_MS);
    }
  }
}

function explain(url: string, cause: unknown): Error {
  const { hostname, port, pathname } = new URL(url);
  return new Error(
    `The database ${pathname.slice(1)} at ${hostname}:${port || '5432'} can't be reached: ${reasonOf(cause)}`,
    {
      cause,
    },
  );
}

/** Runs work while no other migration of this database runs. A second runner waits for the first, up to 10 min. */
export async function withMigrationLock<T>(client: Client, log: Log, work: () => Promise<T>): Promise<T> {
  await client.query(`SET statement_timeout = ${LOCK_WITHIN_MS}`);
  const { rows } = await client.query<{ got: boolean }>(`SELECT pg_try_advisory_lock(${LOCK}) AS got`);
  if (!rows[0]?.got) {
    log('another migration of this database is running: waiting for it');
    await client.query(`SELECT pg_advisory_lock(${LOCK})`);
  }
  // On a shard, sharding.pass_by lets a statement over a whole table skip rows of others. Elsewhere it does nothing.
  await client.query(`SET statement_timeout = 0; SET lock_timeout = ${DDL_LOCK_TIMEOUT_MS}; SET sharding.pass_by = on`);
  try {
    return await work();
  } finally {
    // A lost connection has lost the lock as well.
    await client.query(`SELECT pg_advisory_unlock(${LOCK})`).catch(() => undefined);
  }
}
