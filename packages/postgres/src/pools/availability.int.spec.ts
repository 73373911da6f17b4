import { eventually, testDatabase, TestProxy, type TestDatabase } from '@stoa/testing';
import { Client } from 'pg';
import { PgDatabase } from './pg-database.js';

const REFUSED = { code: 'UNAVAILABLE', retryAfterSeconds: 1 };

/** Longer than a busy machine may hold up a statement: what is seen here is not the statements' own time-outs. */
const PATIENT = { statementMs: 50_000, lockMs: 50_000, idleInTransactionMs: 50_000, transactionMs: 50_000 };

describe('a database server that can not do its work', () => {
  let test: TestDatabase;
  let proxy: TestProxy;
  let database: PgDatabase;

  beforeAll(async () => {
    test = await testDatabase();
    proxy = await TestProxy.open(test.url);
    const urls = [proxy.through(test.url)];
    database = new PgDatabase({ name: 'cart', urls, clone: 'cart-test', timeouts: PATIENT });
    await database.transaction(0, (tx) => tx.query('CREATE TABLE item (id int)'));
  });
  afterEach(async () => {
    await proxy.restore();
    await eventually(write);
  });
  afterAll(async () => {
    await database.close();
    await proxy.close();
    await test.drop();
  });

  const write = () => database.transaction(0, (tx) => tx.query('INSERT INTO item VALUES (1)'));
  const read = () => database.read(0, { text: 'SELECT id FROM item LIMIT 1' });
  const untilRefused = (work: () => Promise<unknown>) =>
    eventually(() => expect(work()).rejects.toMatchObject(REFUSED));

  it('is given none while nothing listens, and says why to whoever watches it', async () => {
    await proxy.close();
    await untilRefused(write);
    await untilRefused(read);
    await expect(database.ping()).rejects.toThrow('ECONNREFUSED');
    expect(await write().catch((error: unknown) => database.isTransient(error))).toBe(true);
  });

  it('is given none once it is frozen, and lets go of whoever waits for it', async () => {
    await write();
    proxy.freeze();
    const waiting = [...Array.from({ length: 30 }, write), ...Array.from({ length: 30 }, read)];
    // None of the statements' time-outs would end them.
    const errors = await Promise.all(waiting.map((work) => work.catch((error: unknown) => error)));
    expect(errors.filter((error) => !database.isTransient(error))).toEqual([]);
    await untilRefused(write);
    await untilRefused(read);
  });

  it('is given all of it while it is only slow', async () => {
    await write();
    // Longer than the second without a reply that asks for a probe. The last wait for a connection, for 3 s at most.
    const [slow] = await Promise.all([
      database.transaction(0, (tx) => tx.query('SELECT pg_sleep(3)')),
      ...Array.from({ length: 12 }, () => database.transaction(0, (tx) => tx.query('SELECT pg_sleep(1.3)'))),
    ]);
    expect(slow.rowCount).toBe(1);
  });

  it('is given reads while it takes no writes', async () => {
    const { pathname } = new URL(test.url);
    const admin = new Client({ connectionString: test.url });
    await admin.connect();
    const setReadOnly = async (isReadOnly: boolean): Promise<void> => {
      await admin.query(`ALTER DATABASE ${pathname.slice(1)} SET default_transaction_read_only = ${isReadOnly}`);
      await admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      );
    };
    try {
      await setReadOnly(true);
      await untilRefused(write);
      await expect(database.ping()).resolves.toBeUndefined();
      expect(await eventually(read)).toHaveLength(1);
    } finally {
      await admin.query('SET default_transaction_read_only = off');
      await setReadOnly(false);
      await admin.end();
    }
  });
});
