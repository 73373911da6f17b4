import { COMMAND_KEYSPACES, sql } from '../../support/servers.js';
import { adminUrls } from './shards.js';

/** Services connect as the role that is called like their keyspace; movers do not. */
const EACH = (setting: string, keyspace: string): string => `
  DO $$ BEGIN EXECUTE format('ALTER ROLE "${keyspace}" IN DATABASE %I ${setting}', current_database()); END $$;
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = '${keyspace}'`;

async function change(setting: string): Promise<void> {
  for (const keyspace of COMMAND_KEYSPACES) {
    for (const url of (await adminUrls(keyspace)).values()) await sql(url, EACH(setting, keyspace));
  }
}

/**
 * Lets the services' transactions run under another isolation level; their sessions end, and new ones begin with it.
 */
export const isolate = (level: 'repeatable read'): Promise<void> =>
  change(`SET default_transaction_isolation = ''${level}''`);

export const unisolate = (): Promise<void> => change('RESET default_transaction_isolation');
