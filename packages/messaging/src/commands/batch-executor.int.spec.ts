import { eventually } from '@stoa/testing';
import { add, addRequest, counter, COUNTER_TABLES } from '../../test/support/counter.js';
import { messagingDatabase, type TestMessagingDatabase } from '../../test/support/messaging-database.js';
import type { BoundCommand, CommandRequest } from '../api/command-execution.js';
import type { BatchHandler } from '../api/handlers.js';
import { BatchExecutor } from './batch-executor.js';

type Decide = BatchHandler<typeof counter.add>['decide'];

const LOCK = `SELECT r.n, c.count, c.version FROM json_to_recordset($1) AS r(n integer, name text)
  JOIN counters c ON c.name = r.name ORDER BY c.name FOR UPDATE OF c`;
const INSERT = `INSERT INTO counters (name, count)
  SELECT name, count FROM json_to_recordset($1) AS r(name text, count integer)`;
const UPDATE = `UPDATE counters AS c SET count = r.count, version = c.version + 1
  FROM json_to_recordset($1) AS r(name text, count integer) WHERE c.name = r.name`;

describe('BatchExecutor', () => {
  let db: TestMessagingDatabase;
  let executor: BatchExecutor;
  let failures: unknown[] = [];

  beforeAll(async () => {
    // Like the 1,024 buckets of a keyspace, some keys share one.
    db = await messagingDatabase({ tables: COUNTER_TABLES, bucketOf: (key) => key.length });
    executor = new BatchExecutor({
      database: db.database,
      validateOutput: true,
      onBatchFailed: (error) => void failures.push(error),
    });
  });
  beforeEach(() => void (failures = []));
  afterAll(() => db.drop());

  const sql = <Row>(text: string, values: unknown[] = []) => db.database.server(0).rows<Row>(text, values);
  const counts = async (prefix: string) =>
    Object.fromEntries(
      (
        await sql<{ name: string; count: number }>(
          'SELECT name, count FROM counters WHERE name LIKE $1 ORDER BY name',
          [`${prefix}%`],
        )
      ).map(({ name, count }) => [name, count]),
    );
  /** How many transactions wrote these commands' replies. */
  const transactionsOf = async (requests: readonly CommandRequest[]): Promise<number> => {
    const [row] = await sql<{ many: string }>(
      'SELECT count(DISTINCT xmin::text) AS many FROM inbox WHERE command_id = ANY ($1)',
      [requests.map(({ id }) => id)],
    );
    return Number(row?.many);
  };

  /** Reads, adds, writes; `meanwhile` between the two. */
  const adding = (meanwhile: Decide = async () => ({ name: '', count: 0 })): BoundCommand => {
    const decide: Decide = async (input, context) => {
      const { name, by } = input;
      const [row] = await context.read<{ count: number; version: number }>(LOCK, { name });
      await meanwhile(input, context);
      const count = (row?.count ?? 0) + by;
      context.write(row ? UPDATE : INSERT, { name, count });
      await context.publish(counter.counted, (row?.version ?? 0) + 1, { name, count });
      return { name, count };
    };
    return { operation: counter.add, handler: { handle: decide as never }, isBatched: true };
  };
  const all = (command: BoundCommand, requests: readonly CommandRequest[]) =>
    Promise.allSettled(requests.map((request) => executor.execute(command, request)));

  it('commits commands that come together in one transaction, each with its own reply and event', async () => {
    const requests = ['t-a', 't-bb', 't-cc', 't-ddd'].map((name, n) => addRequest(name, n + 1));
    expect(await all(adding(), requests)).toEqual(
      requests.map(({ key }, n) => ({
        status: 'fulfilled',
        value: { ok: true, body: JSON.stringify({ name: key, count: n + 1 }) },
      })),
    );
    expect(await counts('t-')).toEqual({ 't-a': 1, 't-bb': 2, 't-cc': 3, 't-ddd': 4 });
    expect(failures).toEqual([]);
    expect(await transactionsOf(requests)).toBe(1);
    const outbox = await sql("SELECT bucket, key, version, body FROM outbox WHERE key LIKE 't-%' ORDER BY id");
    expect(outbox).toEqual(
      requests.map(({ key }, n) => ({
        bucket: key.length,
        key,
        version: '1',
        body: JSON.stringify({ name: key, count: n + 1 }),
      })),
    );
  });

  it('does the commands of one key one after the other', async () => {
    const requests = [1, 2, 3, 4, 5].map((by) => addRequest('order', by));
    const replies = await all(adding(), requests);
    expect(replies.map((each) => each.status === 'fulfilled' && JSON.parse(each.value.body).count)).toEqual([
      1, 3, 6, 10, 15,
    ]);
    expect(await transactionsOf(requests)).toBe(5);
  });

  it('answers second deliveries with the first reply, alone and among others, and refuses another body', async () => {
    const [first, other] = [addRequest('again', 2), addRequest('other', 1)];
    const before = await executor.execute(adding(), first);
    const reused = { ...first, bodyText: '{"name":"again","by":9}' };
    const [again, fresh] = await all(adding(), [first, other]);
    expect(again).toEqual({ status: 'fulfilled', value: before });
    expect(fresh).toMatchObject({ value: { ok: true } });
    expect(await executor.execute(adding(), reused)).toMatchObject({
      ok: false,
      body: expect.stringContaining('IDEMPOTENCY_KEY_REUSED'),
    });
    expect(await counts('again')).toEqual({ again: 2 });
  });

  it('keeps a business error, which changes nothing for the others of its batch', async () => {
    const command = adding(async ({ by }, { write, fail }) => {
      if (by > 10) {
        write(INSERT, { name: 'never', count: 1 });
        fail('TOO_MUCH', 'more than ten');
      }
      return { name: '', count: 0 };
    });
    const requests = [addRequest('r-few', 1), addRequest('r-many', 11)];
    const replies = await all(command, requests);
    expect(replies).toMatchObject([{ value: { ok: true } }, { value: { ok: false } }]);
    expect(await transactionsOf(requests)).toBe(1);
    expect(await counts('r-')).toEqual({ 'r-few': 1 });
    expect(await counts('never')).toEqual({});
    expect(await executor.execute(adding(), requests[1]!)).toEqual((replies[1] as { value: unknown }).value);
  });

  it('runs each by itself when one breaks: that one fails with its own error, and the others are done', async () => {
    const command = adding(async ({ name }, { write }) => {
      if (name === 'f-broken') write(INSERT, { name, count: 'no number' });
      if (name === 'f-bug') throw new Error('a bug');
      return { name, count: 0 };
    });
    const requests = ['f-broken', 'f-bug', 'f-fine'].map((name) => addRequest(name, 1));
    expect(await all(command, requests)).toMatchObject([
      { status: 'rejected', reason: { code: '22P02' } },
      { status: 'rejected', reason: { message: 'a bug' } },
      { status: 'fulfilled', value: { ok: true } },
    ]);
    expect(await counts('f-')).toEqual({ 'f-fine': 1 });
  });

  it('finds a row that another command made meanwhile, when it is tried again', async () => {
    const command = adding(async ({ name }) => {
      await sql('INSERT INTO counters (name, count) VALUES ($1, 5) ON CONFLICT DO NOTHING', [name]);
      return { name, count: 0 };
    });
    await expect(executor.execute(command, addRequest('meanwhile', 1))).resolves.toMatchObject({ ok: true });
    expect(await counts('meanwhile')).toEqual({ meanwhile: 6 });
  });

  it('goes on with others while a batch waits for a lock', async () => {
    await executor.execute(adding(), addRequest('w-locked', 1));
    const [locked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const holder = db.database.transaction(0, async (tx) => {
      await tx.query("SELECT FROM counters WHERE name = 'w-locked' FOR UPDATE");
      locked.resolve();
      await released.promise;
    });
    await locked.promise;
    const waiting = executor.execute(adding(), addRequest('w-locked', 1));
    try {
      await eventually(async () => {
        const locks = await sql(
          "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        );
        expect(locks).toHaveLength(1);
      });
      await expect(executor.execute(adding(), addRequest('w-free', 1))).resolves.toMatchObject({ ok: true });
    } finally {
      released.resolve();
      await holder;
    }
    await expect(waiting).resolves.toMatchObject({ ok: true, body: '{"name":"w-locked","count":2}' });
  });

  it('gets the same reply in a batch and by another delivery that runs in its own transaction', async () => {
    const requests = Array.from({ length: 20 }, (_, n) => addRequest(`both-${n}`, 1));
    const second = new BatchExecutor({ database: db.database, validateOutput: true });
    const alone: BoundCommand = { ...add };
    const [batched, single] = await Promise.all([
      all(adding(), requests),
      Promise.allSettled(requests.map((request) => second.execute(alone, request))),
    ]);
    const replyOf = (each: PromiseSettledResult<unknown>): unknown => (each.status === 'fulfilled' ? each.value : each);
    // A delivery that the other's row refused is tried again, as callers do.
    for (const [n, request] of requests.entries()) {
      const last = await executor.execute(adding(), request);
      for (const each of [batched[n]!, single[n]!])
        if (each.status === 'fulfilled') expect(replyOf(each)).toEqual(last);
    }
    expect(Object.values(await counts('both-'))).toEqual(Array.from({ length: 20 }, () => 1));
  });
});
