import { eventually } from '@stoa/testing';
import { add, addRequest, addTo, boundAdd, counter, COUNTER_TABLES } from '../../test/support/counter.js';
import { messagingDatabase, type TestMessagingDatabase } from '../../test/support/messaging-database.js';
import type { BoundCommand } from '../api/command-execution.js';
import { deriveId, publishedId } from '../protocol/ids.js';
import { InboxExecutor } from './inbox-executor.js';

describe('InboxExecutor', () => {
  let db: TestMessagingDatabase;
  let executor: InboxExecutor;
  let published = 0;

  beforeAll(async () => {
    db = await messagingDatabase({ tables: COUNTER_TABLES, bucketOf: (key) => key.length });
    executor = new InboxExecutor({
      database: db.database,
      validateOutput: true,
      onPublished: () => void published++,
    });
  });
  afterAll(() => db.drop());

  const sql = <Row>(text: string, values: unknown[] = []) => db.database.server(0).rows<Row>(text, values);
  const countOf = async (name: string): Promise<number> =>
    (await sql<{ count: number }>('SELECT count FROM counters WHERE name = $1', [name]))[0]?.count ?? 0;
  const inboxOf = async (id: string) =>
    (await sql<{ status: string; reply: string }>('SELECT * FROM inbox WHERE command_id = $1', [id]))[0];
  const outboxOf = (key: string) =>
    sql<{ topic: string; version: string; headers: Record<string, string>; body: string | null; bucket: number }>(
      'SELECT * FROM outbox WHERE key = $1 ORDER BY id',
      [key],
    );

  it('commits effect, reply and event together', async () => {
    const before = published;
    const request = addRequest('together', 3, {
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    });
    await expect(executor.execute(add, request)).resolves.toEqual({ ok: true, body: '{"name":"together","count":3}' });
    expect(await countOf('together')).toBe(3);
    expect(await inboxOf(request.id)).toMatchObject({
      bucket: 8,
      key: 'together',
      status: 'ok',
      reply: '{"name":"together","count":3}',
    });
    expect(await outboxOf('together')).toEqual([
      expect.objectContaining({
        bucket: 8,
        topic: 'counter.events',
        version: '1',
        headers: {
          id: publishedId(request.id, 0),
          type: 'counted',
          v: '1',
          traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
        },
        body: '{"name":"together","count":3}',
      }),
    ]);
    expect(published).toBe(before + 1);
  });

  it('answers a second delivery with the first reply, byte for byte', async () => {
    const request = addRequest('again', 2);
    const first = await executor.execute(add, request);
    await executor.execute(add, addRequest('again', 5));
    expect(await executor.execute(add, request)).toEqual(first);
    expect(await countOf('again')).toBe(7);
    expect(await outboxOf('again')).toHaveLength(2);
  });

  /** Runs a handler that others can hold up at its end. */
  function held(end: Parameters<typeof boundAdd>[0]) {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const state = { runs: 0, release };
    const command = boundAdd(async (input, context) => {
      state.runs++;
      await addTo(context.tx, input.name, input.by);
      await released;
      return end(input, context);
    });
    return { command, state };
  }

  const someoneWaits = () =>
    eventually(async () => {
      const waiting = await sql(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      );
      expect(waiting).toHaveLength(1);
    });

  it('makes a concurrent delivery wait for the first, and answers both alike', async () => {
    const { command, state } = held(async ({ name, by }) => ({ name, count: by }));
    const request = addRequest('concurrent', 1);
    const first = executor.execute(command, request);
    await eventually(() => expect(state.runs).toBe(1));
    const second = executor.execute(command, request);
    await someoneWaits();
    state.release();
    expect(await second).toEqual(await first);
    expect(await countOf('concurrent')).toBe(1);
  });

  it('lets a delivery that waits run when the first one fails', async () => {
    const { command, state } = held(async ({ name, by }, { publish }) => {
      await publish(counter.counted, 1, { name, count: by });
      throw new Error('a bug');
    });
    const request = addRequest('failed', 1);
    const first = executor.execute(command, request);
    await eventually(() => expect(state.runs).toBe(1));
    const second = executor.execute(add, request);
    await someoneWaits();
    state.release();
    await expect(first).rejects.toThrow('a bug');
    expect(await second).toMatchObject({ ok: true });
    expect(await countOf('failed')).toBe(1);
    expect(await outboxOf('failed')).toHaveLength(1);
  });

  it('answers both alike when a delivery gets through between the undoing of another and its business error', async () => {
    const { command, state } = held(async (_, { fail }) => fail('TOO_MUCH'));
    const request = addRequest('race', 1);
    const first = executor.execute(command, request);
    await eventually(() => expect(state.runs).toBe(1));
    const second = executor.execute(add, request);
    await someoneWaits();
    state.release();
    const [refused, passed] = await Promise.all([first, second]);
    expect(refused).toEqual(passed);
    expect(await countOf('race')).toBe(passed.ok ? 1 : 0);
    expect(await inboxOf(request.id)).toMatchObject({ reply: passed.body });
  });

  it('undoes a refused command, keeps its business error, and gives a retry the same', async () => {
    const refusing = boundAdd(async ({ name, by }, { tx, fail, publish }) => {
      const { count } = await addTo(tx, name, by);
      await publish(counter.counted, 1, { name, count });
      return fail('TOO_MUCH', 'no more than that', [{ pointer: '/by', detail: 'at most 1' }]);
    });
    const request = addRequest('refused', 9);
    const errorReply = {
      ok: false,
      body: '{"code":"TOO_MUCH","detail":"no more than that","problems":[{"pointer":"/by","detail":"at most 1"}]}',
    };
    expect(await executor.execute(refusing, request)).toEqual(errorReply);
    expect(await executor.execute(refusing, request)).toEqual(errorReply);
    expect(await executor.execute(add, request)).toEqual(errorReply);
    expect(await countOf('refused')).toBe(0);
    expect(await outboxOf('refused')).toHaveLength(0);
    expect(await inboxOf(request.id)).toMatchObject({ status: 'error', reply: errorReply.body });
  });

  it('refuses after a failed statement too', async () => {
    const colliding = boundAdd(async ({ name }, { tx, fail }) => {
      await tx.query('INSERT INTO counters (name, count) VALUES ($1, 0)', [name]);
      await tx.query('INSERT INTO counters (name, count) VALUES ($1, 0)', [name]).catch(() => fail('TOO_MUCH'));
      return { name, count: 0 };
    });
    const request = addRequest('collision', 1);
    expect(await executor.execute(colliding, request)).toMatchObject({ ok: false });
    expect(await inboxOf(request.id)).toMatchObject({ status: 'error' });
  });

  it('keeps what a command wrote that fails and keeps', async () => {
    const counting = boundAdd(async ({ name, by }, { tx, publish, failAndKeep }) => {
      const { count, version } = await addTo(tx, name, by);
      await publish(counter.counted, version, { name, count });
      return failAndKeep('LOCKED', 'too many tries');
    });
    const request = addRequest('kept', 1);
    const errorReply = { ok: false, body: '{"code":"LOCKED","detail":"too many tries"}' };
    expect(await executor.execute(counting, request)).toEqual(errorReply);
    expect(await executor.execute(counting, request)).toEqual(errorReply);
    expect(await countOf('kept')).toBe(1);
    expect(await outboxOf('kept')).toHaveLength(1);
  });

  it('answers 409 for another body under the same id', async () => {
    const request = addRequest('reused', 1);
    await executor.execute(add, request);
    const other = await executor.execute(add, addRequest('reused', 2, { id: request.id }));
    expect(other).toMatchObject({ ok: false });
    expect(JSON.parse(other.body)).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    expect(await countOf('reused')).toBe(1);
  });

  it('leaves passwords out of the body hash', async () => {
    const withPassword: BoundCommand = { operation: counter.addWithPassword, handler: add.handler };
    const request = addRequest('password', 1);
    const as = (by: number, password: string) => ({
      ...request,
      bodyText: JSON.stringify({ name: 'password', by, password }),
    });
    const first = await executor.execute(withPassword, as(1, 'one'));
    expect(await executor.execute(withPassword, as(1, 'two'))).toEqual(first);
    expect(JSON.parse((await executor.execute(withPassword, as(2, 'one'))).body)).toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
    });
  });

  it('stores nothing of a secret reply, and runs the handler again', async () => {
    const secret: BoundCommand = { operation: counter.addSecretly, handler: add.handler };
    const request = addRequest('secret', 1);
    expect(await executor.execute(secret, request)).toEqual({ ok: true, body: '{"name":"secret","count":1}' });
    expect(await executor.execute(secret, request)).toEqual({ ok: true, body: '{"name":"secret","count":2}' });
    expect(await inboxOf(request.id)).toBeUndefined();
    expect(await outboxOf('secret')).toHaveLength(2);
  });

  it('keeps no business error that may pass', async () => {
    const request = addRequest('passing', 1);
    let open = false;
    const sometimes = boundAdd(async (input, context) => {
      if (!open) context.fail('UNAVAILABLE' as 'TOO_MUCH');
      return { name: input.name, count: (await addTo(context.tx, input.name, input.by)).count };
    });
    expect(await executor.execute(sometimes, request)).toMatchObject({ ok: false });
    open = true;
    expect(await executor.execute(sometimes, request)).toMatchObject({ ok: true });
  });

  it.each([
    [
      'an error that its contract does not know',
      'NEW',
      () => boundAdd(async (_, { fail }) => fail('NEW' as 'TOO_MUCH')),
    ],
    ['an output that breaks its contract', 'expected int', () => boundAdd(async () => ({ name: 'x', count: 1.5 }))],
    [
      'an event that breaks its contract',
      'break its contract',
      () =>
        boundAdd(async ({ name }, { publish }) => {
          await publish(counter.counted, 1, { name, count: 0.5 });
          return { name, count: 0 };
        }),
    ],
  ])('rolls back %s', async (_what, message, command) => {
    const request = addRequest('broken', 1);
    await expect(executor.execute(command(), request)).rejects.toThrow(message);
    expect(await inboxOf(request.id)).toBeUndefined();
  });

  it('throws the error of a last statement that fails, which is sent together with the COMMIT', async () => {
    const request = addRequest('last-statement', 1);
    const twice = boundAdd(async ({ name, by }, { tx, publish }) => {
      const { count } = await addTo(tx, name, by);
      await publish(counter.counted, 1, { name, count });
      await tx.query('ALTER TABLE outbox ADD CONSTRAINT none CHECK (version <> 1) NOT VALID');
      return { name, count };
    });
    await expect(executor.execute(twice, request)).rejects.toThrow('violates check constraint "none"');
    expect(await countOf('last-statement')).toBe(0);
    expect(await inboxOf(request.id)).toBeUndefined();
  });

  it('mints ids that a retry gets again, and gives the time at which the broker got the command', async () => {
    const minted: unknown[] = [];
    const request = addRequest('minted', 1, { expectedVersion: 7 });
    const minting = boundAdd(async ({ name }, context) => {
      minted.push([context.mintId(), context.mintId(1)]);
      expect(context.now).toEqual(request.sentAt);
      expect(context).toMatchObject({ bucket: 6, expectedVersion: 7, caller: { kind: 'service', name: 'test' } });
      if (minted.length === 1) throw new Error('once');
      return { name, count: 0 };
    });
    await expect(executor.execute(minting, request)).rejects.toThrow('once');
    await executor.execute(minting, request);
    expect(minted[1]).toEqual(minted[0]);
    expect(minted[0]).toEqual([deriveId(request.id, 'mint', '0'), deriveId(request.id, 'mint', '1')]);
  });

  it('writes many events in the order in which they were published', async () => {
    const many = boundAdd(async ({ name }, { publish, retract }) => {
      for (let version = 1; version <= 300; version++)
        await publish(counter.counted, version, { name, count: version });
      await publish(counter.current, 301, { name, count: 301 });
      await retract(counter.current, 302, name);
      return { name, count: 0 };
    });
    await executor.execute(many, addRequest('many', 1));
    const rows = await outboxOf('many');
    expect(rows.map(({ version }) => Number(version))).toEqual(Array.from({ length: 302 }, (_, n) => n + 1));
    expect(rows.slice(-2)).toMatchObject([
      { topic: 'counter.states', body: '{"name":"many","count":301}' },
      { topic: 'counter.states', body: null, headers: { type: 'current' } },
    ]);
  });

  it('control: without the inbox row, concurrent deliveries double', async () => {
    const control = await messagingDatabase({ tables: COUNTER_TABLES });
    await control.database.server(0).rows('ALTER TABLE inbox DROP CONSTRAINT inbox_pkey');
    const without = new InboxExecutor({ database: control.database, validateOutput: true });
    const request = addRequest('doubled', 1);
    await Promise.all([without.execute(add, request), without.execute(add, request)]);
    const [row] = await control.database.server(0).rows<{ count: number }>('SELECT count FROM counters');
    expect(row?.count).toBe(2);
    await control.drop();
  });
});
