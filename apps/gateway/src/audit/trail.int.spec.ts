import { newId } from '@stoa/messaging';
import { createLogger } from '@stoa/service';
import { testDatabase, uniqueName, type TestDatabase } from '@stoa/testing';
import { Client } from 'pg';
import { GatewayDatabase } from '../storage/gateway-database.js';
import { PurgeExpired } from '../storage/purge-expired.js';
import { protectTrail } from './protect-trail.js';
import { ReadTrail } from './read-trail.js';

const logger = createLogger({ service: 'test', clone: 'test', level: 'fatal' });
const role = uniqueName('trail').replaceAll('-', '_');
const OPERATOR = newId();

let own: TestDatabase;
let owner: Client;
let service: Client;
let serviceUrl: string;

/** @returns the SQLSTATE with which the service's role is refused, or nothing. */
const tried = (statement: string): Promise<string | undefined> =>
  service.query(statement).then(
    () => undefined,
    (error: { code?: string }) => error.code,
  );

const enter = (client: Client, id: string, at: string, customer = newId()) =>
  client.query(
    `WITH e AS (INSERT INTO audit.entries (id, at, operator_id, kind, service, operation, input, address, trace_id)
       VALUES ($1, now() - $2::interval, $3, 'command', 'profile', 'eraseCustomer', jsonb_build_object('id', $4::text), '::1', 't') RETURNING id)
     INSERT INTO audit.outcomes (entry_id, at, status) SELECT id, now() - $2::interval, 200 FROM e`,
    [id, at, OPERATOR, customer],
  );

beforeAll(async () => {
  own = await testDatabase({ migrations: 'apps/gateway/prisma/migrations' });
  owner = new Client({ connectionString: own.url });
  await owner.connect();
  await owner.query(
    `CREATE ROLE ${role} LOGIN PASSWORD 'service'; GRANT CONNECT ON DATABASE ${new URL(own.url).pathname.slice(1)} TO ${role}`,
  );
  const url = new URL(own.url);
  url.username = role;
  url.password = 'service';
  serviceUrl = url.href;
  await protectTrail({ GATEWAY_DATABASE_URL: serviceUrl, GATEWAY_DATABASE_OWNER_URL: own.url, AUDIT_KEEP_DAYS: '90' });
  service = new Client({ connectionString: serviceUrl });
  await service.connect();
});
afterAll(async () => {
  await service?.end();
  await owner?.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  await owner?.end();
  await own?.drop();
});

describe('the audit trail', () => {
  it("takes entries of the service's role, which can neither change nor delete them", async () => {
    await enter(service, newId(), '1 day');
    const statements = [
      "UPDATE audit.entries SET operation = 'getMe'",
      'UPDATE audit.outcomes SET status = 500',
      'DELETE FROM audit.entries',
      'DELETE FROM audit.outcomes',
      'TRUNCATE audit.entries',
      'DROP TABLE audit.entries',
      'DROP SCHEMA audit CASCADE',
      'ALTER TABLE audit.entries DISABLE TRIGGER ALL',
      'UPDATE audit.retention SET days = 30',
      'DROP FUNCTION audit.keep() CASCADE',
      'SET session_replication_role = replica',
    ];
    for (const statement of statements) expect([statement, await tried(statement)]).toEqual([statement, '42501']);
  });

  it('is kept by triggers where nobody but the service owns it', async () => {
    await enter(owner, newId(), '1 day');
    await expect(owner.query('DELETE FROM audit.entries')).rejects.toThrow('kept for 90 days');
    await expect(owner.query('TRUNCATE audit.entries')).rejects.toThrow('kept for 90 days');
  });

  it('loses what is older than its retention, and is read page by page', async () => {
    // Of one millisecond, their order is that of chance.
    const [old = '', first = '', second = ''] = [newId(), newId(), newId()].toSorted();
    const customer = newId();
    await enter(owner, old, '91 days', customer);
    await enter(owner, first, '89 days', customer);
    await enter(owner, second, '1 hour', customer);
    const database = new GatewayDatabase({ GATEWAY_DATABASE_URL: serviceUrl }, logger);
    const trail = new ReadTrail(database);
    try {
      const ids = async (cursor?: string) =>
        (await trail.read({ customerId: customer, cursor, limit: 2 })).map(({ id }) => id);
      expect([await ids(), await ids(first)]).toEqual([[second, first], [old]]);
      // Of the other tables this role has nothing: their purges fail, and the trail's goes on.
      await expect(new PurgeExpired(database, logger).purgeAll()).rejects.toThrow('permission denied');
      expect(await trail.read({ customerId: customer, limit: 5 })).toMatchObject([
        { id: second, operatorId: OPERATOR, operation: 'profile.eraseCustomer', status: 200, errorCode: null },
        { id: first },
      ]);
    } finally {
      await database.onApplicationShutdown();
    }
  });

  it('has the entries of the version before as well', async () => {
    const id = newId();
    await owner.query(
      `INSERT INTO audit_entries (id, operator_id, service, operation, input, address, trace_id)
       VALUES ($1, $2, 'catalog', 'changePrice', '{}', '::1', 't')`,
      [id, OPERATOR],
    );
    await owner.query("UPDATE audit_entries SET status = 409, error_code = 'X' WHERE id = $1", [id]);
    const { rows } = await owner.query('SELECT status, error_code FROM audit.outcomes WHERE entry_id = $1', [id]);
    expect(rows).toEqual([{ status: 409, error_code: 'X' }]);
  });
});
