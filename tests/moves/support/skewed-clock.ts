import { MOVED } from './settings.js';
import { adminUrls } from './shards.js';
import { COMMAND_KEYSPACES, sql, type Keyspace } from '../../support/servers.js';

const CLOCKS = ['now', 'transaction_timestamp', 'statement_timestamp', 'clock_timestamp'];

/** Columns that take the time of the insert, as `table column`. */
const DEFAULTS = `SELECT a.attrelid::regclass::text AS name, quote_ident(a.attname) AS column FROM pg_attrdef AS d
  JOIN pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
  WHERE pg_get_expr(d.adbin, d.adrelid) ~ '(now|CURRENT_TIMESTAMP)'`;

const database = (url: string): string => new URL(url).pathname.slice(1);

/**
 * Skews the clock of one server where SQL reads it, because the machine's clock is the kernel's. In all databases of
 * the shard, other functions give the time, for new sessions and for defaults of columns.
 */
export async function skewClock(shard: string, hours: number): Promise<void> {
  for (const url of await urlsOf(shard)) {
    const functions = CLOCKS.map(
      (name) => `CREATE FUNCTION skewed.${name}() RETURNS timestamptz LANGUAGE sql STABLE
        RETURN pg_catalog.${name}() + interval '${hours} hours';`,
    );
    await sql(
      url,
      `DROP SCHEMA IF EXISTS skewed CASCADE; CREATE SCHEMA skewed; GRANT USAGE ON SCHEMA skewed TO PUBLIC; ${functions.join(' ')}`,
    );
    await setDefaults(url, 'skewed.now()');
    await sql(url, `ALTER DATABASE "${database(url)}" SET search_path = skewed, "$user", public, pg_catalog`);
    await endSessions(url);
  }
}

export async function unskewClock(shard: string): Promise<void> {
  for (const url of await urlsOf(shard)) {
    await setDefaults(url, 'pg_catalog.now()');
    await sql(url, `ALTER DATABASE "${database(url)}" RESET search_path`);
    await sql(url, 'DROP SCHEMA skewed CASCADE');
    await endSessions(url);
  }
}

/** Replies of commands that would be purged on this shard: none of this run is two days old. */
export async function repliesToPurge(shard: string): Promise<number> {
  const old = `SELECT count(*)::int AS count FROM inbox WHERE created_at < now() - interval '48 hours'`;
  const counts = await Promise.all(
    (await urlsOf(shard, COMMAND_KEYSPACES)).map((url) => sql<{ count: number }>(url, old)),
  );
  return counts.flat().reduce((sum, { count }) => sum + count, 0);
}

async function setDefaults(url: string, clock: string): Promise<void> {
  for (const { name, column } of await sql<{ name: string; column: string }>(url, DEFAULTS)) {
    await sql(url, `ALTER TABLE ${name} ALTER COLUMN ${column} SET DEFAULT ${clock}`);
  }
}

/** Sessions keep what they began with. */
const endSessions = (url: string): Promise<unknown> =>
  sql(
    url,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`,
  );

async function urlsOf(shard: string, keyspaces: readonly Keyspace[] = MOVED): Promise<string[]> {
  const all = await Promise.all(keyspaces.map((keyspace) => adminUrls(keyspace)));
  return all.flatMap((urls) => urls.get(shard) ?? []);
}
