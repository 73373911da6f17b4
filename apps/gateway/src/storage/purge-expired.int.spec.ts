import { createLogger } from '@stoa/service';
import { tablesOfDatabase, tablesOfPrismaSchema, testDatabase, type TestDatabase } from '@stoa/testing';
import { Client } from 'pg';
import { GatewayDatabase } from './gateway-database.js';
import { PurgeExpired } from './purge-expired.js';

const logger = createLogger({ service: 'test', clone: 'test', level: 'fatal' });

describe("the gateway's database", () => {
  let own: TestDatabase;
  let client: Client;
  let database: GatewayDatabase;

  beforeAll(async () => {
    own = await testDatabase({ migrations: 'apps/gateway/prisma/migrations' });
    client = new Client({ connectionString: own.url });
    await client.connect();
    database = new GatewayDatabase({ GATEWAY_DATABASE_URL: own.url }, logger);
  });
  afterAll(async () => {
    await database?.onApplicationShutdown();
    await client?.end();
    await own?.drop();
  });

  const count = async (from: string): Promise<number> =>
    Number((await client.query<{ count: string }>(`SELECT count(*) FROM ${from}`)).rows[0]?.count);
  const clean = () => new PurgeExpired(database, logger).purgeAll();

  it('is described by the Prisma schema', async () => {
    expect(await tablesOfPrismaSchema('apps/gateway/prisma/schema.prisma')).toEqual(await tablesOfDatabase(own.url));
  });

  it('loses all that has expired in one go, however much it is, and nothing else', async () => {
    await client.query(`
      INSERT INTO sessions (id, customer_id, role, display_name, expires_at)
      SELECT gen_random_uuid(), gen_random_uuid(), 'customer', '', now() + CASE WHEN n <= 10 THEN '1 day' ELSE '-8 days' END::interval
      FROM generate_series(1, 2500) n;
      INSERT INTO refresh_tokens (hash, session_id, expires_at, used_at)
      SELECT sha256((s.id::text || n)::bytea), s.id, now() + interval '1 day',
             CASE WHEN n <= 2 THEN now() - interval '23 hours' WHEN n > 3 THEN now() - interval '25 hours' END
      FROM (SELECT id FROM sessions WHERE expires_at > now()) s, generate_series(1, 1203) n;
      INSERT INTO revocations (session_id, expires_at)
      SELECT gen_random_uuid(), now() + CASE WHEN n <= 10 THEN '5 minutes' ELSE '-5 minutes' END::interval
      FROM generate_series(1, 2510) n;
      INSERT INTO ended_customers (customer_id, ended_at)
      SELECT gen_random_uuid(), now() - CASE WHEN n <= 10 THEN '23 hours' ELSE '25 hours' END::interval
      FROM generate_series(1, 2510) n`);
    // More than ten thousand, of ten sessions.
    expect(await count('refresh_tokens')).toBe(12_030);
    await clean();
    expect(await count('refresh_tokens')).toBe(30);
    expect(await count('sessions')).toBe(10);
    expect(await count('revocations')).toBe(10);
    expect(await count('ended_customers')).toBe(10);
  });

  it('loses the rest where one kind of rows cannot be deleted', async () => {
    await client.query(`
      DELETE FROM revocations;
      INSERT INTO revocations (session_id, expires_at) VALUES (gen_random_uuid(), now() - interval '1 minute');
      ALTER TABLE sessions RENAME TO hidden`);
    try {
      await expect(clean()).rejects.toThrow('sessions');
      expect(await count('revocations')).toBe(0);
    } finally {
      await client.query('ALTER TABLE hidden RENAME TO sessions');
    }
  });
});
