import { Client } from 'pg';

/** Connects to an embedded server as its superuser, to the database `postgres` unless `database` names another. */
export async function asSuperuser<T>(
  adminUrl: string,
  work: (client: Client) => Promise<T>,
  database = 'postgres',
): Promise<T> {
  const client = new Client({ connectionString: inDatabase(adminUrl, database) });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/**
 * Creates a service's role and database on an embedded server if they are missing.
 * The role owns its own database and can't connect to another service's.
 * @returns the URL for the service
 */
export async function ensureDatabase(adminUrl: string, app: string, password: string): Promise<string> {
  const name = plain(app);
  await asSuperuser(adminUrl, async (client) => {
    await ensureRole(client, name, password);
    await createDatabase(client, name, name);
  });
  return serviceUrl(adminUrl, name, password, name);
}

/** Creates a role that may sign in, or sets the password of the one that exists. */
export async function ensureRole(client: Client, name: string, password: string): Promise<void> {
  const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [name]);
  const role = client.escapeIdentifier(name);
  const literal = client.escapeLiteral(password);
  await client.query(`${rowCount === 0 ? 'CREATE' : 'ALTER'} ROLE ${role} LOGIN PASSWORD ${literal}`);
}

/** Creates a database that only its owner may connect to, if it is missing. @returns its owner */
export async function createDatabase(client: Client, database: string, owner: string): Promise<string> {
  const { rows } = await client.query<{ owner: string }>(
    'SELECT pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = $1',
    [database],
  );
  if (rows[0]) return rows[0].owner;
  const name = client.escapeIdentifier(database);
  await client.query(`CREATE DATABASE ${name} OWNER ${client.escapeIdentifier(owner)}`);
  await client.query(`REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC`);
  return owner;
}

/** A name that Postgres takes without quotes. */
export const plain = (name: string): string => name.replaceAll('-', '_');

/** The URL of a database of the same server for another role. */
export function serviceUrl(adminUrl: string, role: string, password: string, database: string): string {
  const url = new URL(inDatabase(adminUrl, database));
  url.username = role;
  url.password = password;
  return url.href;
}

/** The same URL with another database. */
export function inDatabase(adminUrl: string, database: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  return url.href;
}
