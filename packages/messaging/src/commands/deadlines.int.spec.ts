import { eventually, GENEROUS_BUDGET_MS } from '@stoa/testing';
import {
  addRequest,
  addTo,
  boundAdd,
  counter,
  COUNTER_TABLES,
  type AddContext,
  type AddInput,
} from '../../test/support/counter.js';
import { messagingDatabase, type TestMessagingDatabase } from '../../test/support/messaging-database.js';
import { SimplePgDatabase } from '../../test/support/pg-database.js';
import type { BoundCommand, CommandReply, CommandRequest } from '../api/command-execution.js';
import { BatchExecutor } from './batch-executor.js';

const SET = `INSERT INTO counters (name, count) VALUES ($1, $2)
  ON CONFLICT (name) DO UPDATE SET count = excluded.count, version = counters.version + 1`;
const SET_MANY = `INSERT INTO counters (name, count) SELECT name, count FROM json_to_recordset($1) AS r(name text, count integer)
  ON CONFLICT (name) DO UPDATE SET count = excluded.count, version = counters.version + 1`;

/** Sets the count: of two such commands, the one that is applied last wins. `before` runs first. */
const setting = (before: () => Promise<void> = async () => undefined): BoundCommand =>
  boundAdd(async ({ name, by }, { tx }) => {
    await before();
    await tx.query(SET, [name, by]);
    return { name, count: by };
  });

/** The same, sharing transactions. */
const settingTogether = (): BoundCommand => {
  const handle = async ({ name, by }: AddInput, { write }: AddContext) => {
    write(SET_MANY, { name, count: by });
    return { name, count: by };
  };
  return { operation: counter.add, handler: { handle } as never, isBatched: true };
};

const LATE = { ok: false, body: expect.stringContaining('"DEADLINE_EXCEEDED"') };

describe('the deadline of a command', () => {
  let db: TestMessagingDatabase;
  /** Two clones, each with connections of its own. */
  let first: BatchExecutor;
  let second: BatchExecutor;
  let others: SimplePgDatabase;

  beforeAll(async () => {
    db = await messagingDatabase({ tables: COUNTER_TABLES });
    others = new SimplePgDatabase([db.database.server(0).url]);
    first = new BatchExecutor({ database: db.database, validateOutput: true });
    second = new BatchExecutor({ database: others, validateOutput: true });
    // Both know their server's clock from now on.
    await first.execute(setting(), addRequest('warm', 1));
    await second.execute(setting(), addRequest('warm', 2));
  });
  afterAll(async () => {
    await others.close();
    await db.drop();
  });

  const sql = <Row>(text: string, values: unknown[] = []) => others.server(0).rows<Row>(text, values);
  const countOf = async (name: string): Promise<number | undefined> =>
    (await sql<{ count: number }>('SELECT count FROM counters WHERE name = $1', [name]))[0]?.count;

  /** A request whose budget is over in so many milliseconds, and a wait until it is. */
  function within(ms: number, name: string, by: number) {
    const deadline = performance.now() + ms;
    const budgetLeft = (): number => deadline - performance.now();
    const isOver = (): Promise<void> => eventually(() => expect(budgetLeft()).toBeLessThan(-50), { everyMs: 10 });
    return { request: addRequest(name, by, { budgetLeft }), isOver };
  }

  /** Takes all connections of the first clone. @returns what gives them back */
  async function takePool(): Promise<() => void> {
    const { pool } = db.database.server(0);
    const clients = await Promise.all(Array.from({ length: pool.options.max ?? 10 }, () => pool.connect()));
    return () => clients.forEach((client) => client.release());
  }

  it.each([
    ['in a transaction of its own', setting()],
    ['in a shared transaction', settingTogether()],
  ])('keeps a command that waited for too long from being done over a newer one, %s', async (how, command) => {
    const release = await takePool();
    const old = within(300, how, 1);
    const reply = first.execute(command, old.request);
    await old.isOver();
    await expect(second.execute(command, addRequest(how, 2))).resolves.toMatchObject({ ok: true });
    release();
    expect(await reply).toEqual(LATE);
    expect(await countOf(how)).toBe(2);
  });

  it('undoes a command whose handler took too long', async () => {
    const { request, isOver } = within(300, 'slow', 1);
    expect(await first.execute(setting(isOver), request)).toEqual(LATE);
    expect(await countOf('slow')).toBeUndefined();
    // It was not done: it may be sent again.
    const again = { ...request, budgetLeft: () => GENEROUS_BUDGET_MS };
    expect(await first.execute(setting(), again)).toMatchObject({ ok: true });
  });

  it('holds for those whose reply is not stored', async () => {
    const { request, isOver } = within(300, 'unstored', 1);
    const handler = setting(isOver).handler;
    await first.execute({ operation: counter.addSecretly, handler }, request);
    expect(await countOf('unstored')).toBeUndefined();
  });

  it('keeps no business error of a late command', async () => {
    const { request, isOver } = within(300, 'refused', 1);
    const refusing = boundAdd(async (_input, { fail }) => {
      await isOver();
      return fail('TOO_MUCH');
    });
    expect(await first.execute(refusing, request)).toEqual(LATE);
    expect(await first.execute(setting(), { ...request, budgetLeft: () => GENEROUS_BUDGET_MS })).toMatchObject({
      ok: true,
    });
  });

  it('spares the others of a shared transaction', async () => {
    const late = within(200, 'late of many', 1);
    const requests = ['a', 'b', 'c'].map((name) => addRequest(`of many ${name}`, 7));
    const release = await takePool();
    const replies = [late.request, ...requests].map((each) => first.execute(settingTogether(), each));
    await late.isOver();
    release();
    const [lateReply, ...rest] = await Promise.all(replies);
    expect(lateReply).toEqual(LATE);
    expect(rest).toEqual(requests.map(() => expect.objectContaining({ ok: true })));
    expect(await countOf('late of many')).toBeUndefined();
    expect(await countOf('of many c')).toBe(7);
  });

  it('is looked at before a handler runs', async () => {
    let ran = false;
    const request = addRequest('never', 1, { budgetLeft: () => -200 });
    expect(
      await first.execute(
        setting(async () => void (ran = true)),
        request,
      ),
    ).toEqual(LATE);
    expect(ran).toBe(false);
  });

  describe('once it is over', () => {
    const over = (request: CommandRequest): CommandRequest => ({ ...request, budgetLeft: () => -200 });

    it('gives the reply of an earlier delivery', async () => {
      const request = addRequest('done before', 3);
      const reply = await second.execute(setting(), request);
      expect(await first.settle(setting(), over(request))).toEqual(reply);
    });

    it('waits for a delivery that another clone has in work', async () => {
      const request = addRequest('in work', 4);
      let release = (): void => undefined;
      const released = new Promise<void>((resolve) => (release = resolve));
      let isIn = false;
      const slow = boundAdd(async ({ name, by }, { tx }) => {
        isIn = true;
        await released;
        return { name, count: (await addTo(tx, name, by)).count };
      });
      const working = second.execute(slow, request);
      await eventually(() => expect(isIn).toBe(true));
      let settled: CommandReply | undefined;
      const settling = first.settle(setting(), over(request)).then((reply) => (settled = reply));
      await eventually(async () => {
        const waiting = await sql(
          `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO inbox%'
             AND datname = current_database()`,
        );
        expect(waiting).toHaveLength(1);
      });
      expect(settled).toBeUndefined();
      release();
      expect(await settling).toEqual(await working);
    });

    it('says that a command was not done, and leaves it free to be sent again', async () => {
      const request = addRequest('not done', 5);
      expect(await first.settle(setting(), over(request))).toEqual(LATE);
      expect(await second.execute(setting(), request)).toMatchObject({ ok: true });
    });

    it('does not know of those whose reply is not stored', async () => {
      const command = { operation: counter.addSecretly, handler: setting().handler };
      const reply = await first.settle(command, over(addRequest('unstored', 5)));
      expect(reply).toEqual({ ok: false, body: expect.stringContaining('"UNAVAILABLE"') });
    });
  });
});
