import { eventually, testDatabase, type TestDatabase } from '@stoa/testing';
import { createServer, connect, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Sql } from '../sql/sql.js';
import { ConnectionLost } from '../errors/errors.js';
import { TransactionAborted } from '../errors/server-errors.js';
import { PgDatabase, type PgDatabaseOptions } from './pg-database.js';

let test: TestDatabase;
let database: PgDatabase;
const opened: PgDatabase[] = [];

/** Longer than a busy machine may hold up what is not about time-outs. */
const PATIENT = { statementMs: 50_000, lockMs: 50_000, idleInTransactionMs: 50_000, transactionMs: 50_000 };

function open({ timeouts, ...options }: Partial<PgDatabaseOptions> = {}): PgDatabase {
  const longTimeouts = { timeouts: { ...PATIENT, ...timeouts } };
  const made = new PgDatabase({ name: 'cart', urls: [test.url], clone: 'cart-test', ...longTimeouts, ...options });
  opened.push(made);
  return made;
}

beforeAll(async () => {
  test = await testDatabase();
  database = open();
  await database.transaction(0, (tx) => tx.query('CREATE TABLE item (id int PRIMARY KEY, name text)'));
});
beforeEach(() => database.transaction(0, (tx) => tx.query('TRUNCATE item')));
afterAll(async () => {
  await Promise.all(opened.map((each) => each.close()));
  await test.drop();
});

const names = async (): Promise<string[]> =>
  (await database.read<{ name: string }>(0, { text: 'SELECT name FROM item ORDER BY id' })).map(({ name }) => name);

const killSessions = (): Promise<unknown> =>
  database.read(0, {
    text: `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  });

describe('a transaction', () => {
  it('commits what its work wrote and returns what it returned', async () => {
    const result = await database.transaction(0, async (tx) => {
      const { rowCount } = await tx.query('INSERT INTO item VALUES ($1, $2)', [1, 'mug']);
      return rowCount;
    });
    expect(result).toBe(1);
    expect(await names()).toEqual(['mug']);
  });

  it('takes nothing back of a failed one, and its session is good for the next', async () => {
    const one = open({ maxConnections: 1 });
    const failing = one.transaction(0, async (tx) => {
      await tx.query('INSERT INTO item VALUES ($1, $2)', [1, 'mug']);
      throw new Error('refused');
    });
    await expect(failing).rejects.toThrow('refused');
    expect(await names()).toEqual([]);
    await one.transaction(0, (tx) => tx.query('INSERT INTO item VALUES ($1, $2)', [2, 'cup']));
    expect(await names()).toEqual(['cup']);
  });

  it('rolls back to a savepoint', async () => {
    await database.transaction(0, async (tx) => {
      await tx.query('SAVEPOINT s');
      await tx.query('INSERT INTO item VALUES ($1, $2)', [1, 'mug']);
      await tx.query('ROLLBACK TO SAVEPOINT s');
      await tx.query('INSERT INTO item VALUES ($1, $2)', [2, 'cup']);
    });
    expect(await names()).toEqual(['cup']);
  });

  it('runs statements that are sent together in their order', async () => {
    await database.transaction(0, async (tx) => {
      const inserts = [1, 2, 3].map((id) => tx.query('INSERT INTO item VALUES ($1, $2)', [id, `n${id}`]));
      await Promise.all(inserts);
    });
    expect(await names()).toEqual(['n1', 'n2', 'n3']);
  });

  it('reports a swallowed failure instead of a commit that wrote nothing', async () => {
    const swallowing = database.transaction(0, async (tx) => {
      await tx.query('INSERT INTO item VALUES ($1, $2)', [1, 'mug']);
      await tx.query('SELECT 1 / $1::int', [0]).catch(() => undefined);
    });
    await expect(swallowing).rejects.toThrow(TransactionAborted);
    expect(await names()).toEqual([]);
  });

  it('ends the handle with itself', async () => {
    const handle = await database.transaction(0, async (tx) => {
      await tx.query('SELECT 1');
      return tx;
    });
    await expect(handle.query('INSERT INTO item VALUES (9)', [])).rejects.toThrow('the transaction is over'.slice(4));
    expect(await names()).toEqual([]);
  });

  it('costs no connection when its work sends nothing', async () => {
    await expect(database.transaction(0, () => Promise.resolve('nothing'))).resolves.toBe('nothing');
  });
});

describe('faults', () => {
  it('calls a serialization failure, a deadlock, and a lock time-out transient', async () => {
    await database.transaction(0, (tx) => tx.query(`INSERT INTO item VALUES (1, 'a')`));
    const impatient = open({ timeouts: { lockMs: 50 } });
    const fault = await database.transaction(0, async (tx) => {
      await tx.query('SELECT FROM item WHERE id = 1 FOR UPDATE');
      return impatient
        .transaction(0, (other) => other.query('SELECT FROM item WHERE id = 1 FOR UPDATE'))
        .catch((e) => e);
    });
    expect(fault).toMatchObject({ code: '55P03' });
    expect(database.isTransient(fault)).toBe(true);
    expect(['40001', '40P01', '57P01', '53300', '08006'].map((code) => database.isTransient({ code }))).not.toContain(
      false,
    );
    expect(['23505', '42P01', '28P01', '3D000', '22012'].map((code) => database.isTransient({ code }))).not.toContain(
      true,
    );
  });

  it('calls what the server is transient, whatever it is: read-only, full, starting', async () => {
    await database.transaction(0, (tx) =>
      tx.query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = NEW.name; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION refuse()`),
    );
    try {
      const insert = (state: string): Promise<unknown> =>
        database
          .transaction(0, (tx) => tx.query('INSERT INTO item VALUES (1, $1)', [state]))
          .then(
            () => 'no error',
            (error: unknown) => error,
          );
      for (const state of ['25006', '55000', '53100', '53200', '57P03', '58030', 'XX000']) {
        const error = await insert(state);
        expect(error).toMatchObject({ code: state });
        expect([state, database.isTransient(error)]).toEqual([state, true]);
      }
      for (const state of ['23514', '22023', 'P0001']) {
        expect([state, database.isTransient(await insert(state))]).toEqual([state, false]);
      }
    } finally {
      await database.transaction(0, (tx) => tx.query('DROP TRIGGER refuse ON item; DROP FUNCTION refuse()'));
    }
  });

  it('connects anew where a server takes no writes: its address may lead to another by then', async () => {
    const one = open({ maxConnections: 1 });
    const pid = async (): Promise<unknown> =>
      (await one.read(0, { text: 'SELECT pg_backend_pid() AS pid' }))[0]?.['pid'];
    const before = await pid();
    const refused = one.transaction(0, async (tx) => {
      await tx.query('SET TRANSACTION READ ONLY');
      await tx.query(`INSERT INTO item VALUES (1, 'a')`);
    });
    await expect(refused).rejects.toMatchObject({ code: '25006' });
    expect(await pid()).not.toBe(before);
  });

  it('says of a transaction why its first statement failed, also where a later one or the COMMIT says so', async () => {
    const readOnly = (then: (tx: Sql) => Promise<unknown>): Promise<unknown> =>
      database
        .transaction(0, async (tx) => {
          await tx.query('SET TRANSACTION READ ONLY');
          await tx.query(`INSERT INTO item VALUES (1, 'a')`).catch(() => undefined);
          await then(tx);
        })
        .catch((error: unknown) => error);
    expect(await readOnly((tx) => tx.query('SELECT 1'))).toMatchObject({ code: '25006' });
    const swallowed = await readOnly(() => Promise.resolve());
    expect(swallowed).toBeInstanceOf(TransactionAborted);
    expect(database.isTransient(swallowed)).toBe(true);
  });

  it('gives up a statement that takes too long', async () => {
    const impatient = open({ timeouts: { statementMs: 50 } });
    // A server that replies late is cut off before it can report it.
    await eventually(() =>
      expect(impatient.read(0, { text: 'SELECT pg_sleep(5)' })).rejects.toMatchObject({ code: '57014' }),
    );
  });

  it('loses its locks when nothing happens in it: a frozen process must not hold up others', async () => {
    const impatient = open({ maxConnections: 1, timeouts: { idleInTransactionMs: 50 } });
    const frozen = impatient.transaction(0, async (tx) => {
      await tx.query(`INSERT INTO item VALUES (1, 'a')`);
      await eventually(async () => {
        const { length } = await database.read(0, {
          text: `SELECT FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`,
        });
        expect(length).toBe(0);
      });
      await tx.query(`INSERT INTO item VALUES (2, 'b')`);
    });
    const error: unknown = await frozen.catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ConnectionLost);
    expect(error).toMatchObject({ code: '25P03' });
    expect(database.isTransient(error)).toBe(true);
    expect(await names()).toEqual([]);
    await expect(impatient.read(0, { text: 'SELECT 1 AS one' })).resolves.toEqual([{ one: 1 }]);
  });

  it('survives sessions that the server ends, busy and idle ones', async () => {
    await Promise.all([1, 2, 3].map(() => database.read(0, { text: 'SELECT pg_sleep(0.02)' })));
    const busy = database.transaction(0, (tx) => tx.query('SELECT pg_sleep(5)')).catch((error: unknown) => error);
    await eventually(async () => {
      const rows = await database.read(0, {
        text: `SELECT FROM pg_stat_activity WHERE datname = current_database() AND query = 'SELECT pg_sleep(5)'
                  AND state = 'active'`,
      });
      expect(rows).toHaveLength(1);
    });
    await killSessions();
    const error = await busy;
    expect(database.isTransient(error)).toBe(true);
    await eventually(() => expect(names()).resolves.toEqual([]));
  });

  it('prepares anew after a migration changed a table', async () => {
    const one = open({ maxConnections: 1 });
    const read = () => one.read(0, { text: 'SELECT * FROM item WHERE id = $1', values: [1] });
    await read();
    await database.transaction(0, (tx) => tx.query('ALTER TABLE item ADD COLUMN IF NOT EXISTS extra int'));
    const error: unknown = await read().catch((e: unknown) => e);
    expect(one.isTransient(error)).toBe(true);
    await expect(read()).resolves.toEqual([]);
  });

  it('names a server that is not there, without its password', async () => {
    const nowhere = open({ urls: ['postgres://u:hunter2@127.0.0.1:1/none'] });
    const error: unknown = await nowhere.ping().catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ConnectionLost);
    expect(String(error)).toMatch(/Postgres of cart.*ECONNREFUSED/);
    expect(String(error)).not.toContain('hunter2');
    expect(nowhere.isTransient(error)).toBe(true);
  });

  it('calls a database that does not exist no transient fault', async () => {
    const url = new URL(test.url);
    url.pathname = '/no_such_database';
    const error: unknown = await open({ urls: [url.href] })
      .ping()
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ code: '3D000' });
    expect(database.isTransient(error)).toBe(false);
  });

  it('has a bounded pool: whoever gets no connection in time gets an error', async () => {
    const one = open({ maxConnections: 1 });
    const error: unknown = await one.transaction(0, async (tx) => {
      await tx.query('SELECT 1');
      const waiter = { settled: false };
      const waiting = one
        .read(0, { text: 'SELECT 1' })
        .catch((e: unknown) => e)
        .finally(() => (waiter.settled = true));
      await eventually(() => expect(one.servers()[0]?.load).toEqual({ open: 1, waiting: 1 }));
      while (!waiter.settled) await tx.query('SELECT pg_sleep(0.05)');
      return waiting;
    });
    expect(error).toBeInstanceOf(ConnectionLost);
    expect(one.isTransient(error)).toBe(true);
  });
});

/** So many transactions begun together. @returns how many of them were in work at once. */
async function held(pooled: PgDatabase, atOnce: number): Promise<number> {
  const settled = { count: 0 };
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const work = Array.from({ length: atOnce }, () =>
    pooled.transaction(0, async (tx) => {
      await tx.query('SELECT 1');
      settled.count += 1;
      await ended;
    }),
  );
  const [server] = pooled.servers();
  await eventually(() => {
    expect(settled.count).toBe(server?.load.open);
    expect(settled.count + (server?.load.waiting ?? 0)).toBe(atOnce);
  });
  const inWork = settled.count;
  end();
  await Promise.all(work);
  return inWork;
}

describe('the connections of a clone', () => {
  it('are shared by the servers of a database', async () => {
    const urls = [test.url, test.url, test.url];
    const three = open({ urls, serverOf: (bucket) => bucket, connections: 12 });
    expect(await held(three, 9)).toBe(4);
  });

  it('go down to a smaller share though they are in use all the time', async () => {
    const one = open({ maxConnections: 6 });
    const [server] = one.servers();
    expect(await held(one, 6)).toBe(6);
    server?.resize(2);
    const busy = { isOver: false };
    const loops = Array.from({ length: 6 }, async () => {
      while (!busy.isOver) await one.transaction(0, (tx) => tx.query('SELECT 1'));
    });
    await eventually(() => expect(server?.load.open).toBeLessThanOrEqual(2));
    busy.isOver = true;
    await Promise.all(loops);
    expect(await held(one, 6)).toBe(2);
  });

  it('go through a pooler where there is one, and locks do not', async () => {
    const url = new URL(test.url);
    const pooler = await Wire.open(url);
    const pooled = open({ poolerPort: pooler.port });
    try {
      await pooled.transaction(0, (tx) => tx.query('SELECT 1'));
      expect(pooler.connections).toBe(1);
      expect(new URL(pooled.servers()[0]?.url ?? '').port).toBe(url.port);
      // A setting would stay in the pooler's session for its next user.
      const [row] = await pooled.read<{ timeout: string }>(0, {
        text: `SELECT current_setting('lock_timeout') AS timeout`,
      });
      expect(row?.timeout).toBe('0');
    } finally {
      pooler.close();
    }
  });
});

/** A proxy between client and server that can go silent without closing, as a vanished machine does. */
class Wire {
  private constructor(
    private readonly server: Server,
    private readonly sockets: Socket[],
  ) {}
  static async open(target: URL): Promise<Wire> {
    const sockets: Socket[] = [];
    const [port, hostname] = [Number(target.port), target.hostname];
    const server = createServer((near) => {
      const far = connect(port, hostname);
      sockets.push(near, far);
      near.pipe(far).pipe(near);
      for (const socket of [near, far]) socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    return new Wire(server, sockets);
  }
  /** How many clients have come. */
  get connections(): number {
    return this.sockets.length / 2;
  }
  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }
  silence(): void {
    for (const socket of this.sockets) socket.unpipe().pause();
  }
  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}

it('cuts off a server that went silent, instead of waiting for good', async () => {
  const url = new URL(test.url);
  const wire = await Wire.open(url);
  url.port = String(wire.port);
  const distant = open({ urls: [url.href], timeouts: { transactionMs: 3_000 } });
  try {
    const hanging = distant.transaction(0, async (tx) => {
      await tx.query('SELECT 1');
      wire.silence();
      await tx.query('SELECT 2');
    });
    await expect(hanging).rejects.toThrow(/no response within 4000 ms/);
    await expect(hanging).rejects.toThrow(ConnectionLost);
  } finally {
    wire.close();
  }
});

describe('several servers', () => {
  it('sends a bucket to the server that holds it', async () => {
    const other = await testDatabase();
    const both = open({ urls: [test.url, other.url], serverOf: (bucket) => (bucket < 512 ? 0 : 1), bucketOf: Number });
    const nameOf = async (bucket: number): Promise<unknown> =>
      (await both.read(bucket, { text: 'SELECT current_database() AS name' }))[0]?.['name'];
    expect(await nameOf(both.bucketOf('511'))).toBe(new URL(test.url).pathname.slice(1));
    expect(await nameOf(both.bucketOf('512'))).toBe(new URL(other.url).pathname.slice(1));
    expect(both.servers().map(({ name }) => name)).toEqual(['cart@0', 'cart@1']);
    await both.servers()[1]?.close();
    await other.drop();
    opened.splice(opened.indexOf(both), 1);
    await both.servers()[0]?.close();
  });

  it('refuses several without a rule which holds what', () => {
    expect(() => new PgDatabase({ name: 'cart', urls: ['a', 'b'], clone: 'c' })).toThrow('serverOf');
  });
});
