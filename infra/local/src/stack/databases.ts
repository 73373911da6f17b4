import { Client } from 'pg';

/**
 * Makes a service's role and database on an embedded server if they are not there.
 * The role owns its own database and can't connect to another service's.
 * @returns the URL for the service.
 */
export async function ensureDatabase(adminUrl: string, app: string, password: string): Promise<string> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const plain = app.replaceAll('-', '_');
    const name = client.escapeIdentifier(plain);
    const literal = client.escapeLiteral(password);
    const role = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [plain]);
    await client.query(`${role.rowCount === 0 ? 'CREATE' : 'ALTER'} ROLE ${name} LOGIN PASSWORD ${literal}`);
    const database = await client.query('SELECT FROM pg_database WHERE datname = $1', [plain]);
    if (database.rowCount === 0) {
      await client.query(`CREATE DATABASE ${name} OWNER ${name}`);
      await client.query(`REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC`);
    }
    return serviceUrl(adminUrl, plain, password);
  } finally {
    await client.end();
  }
}

function serviceUrl(adminUrl: string, name: string, password: string): string {
  const url = new URL(adminUrl);
  url.username = name;
  url.password = password;
  url.pathname = `/${name}`;
  return url.href;
}
