import { addRequest, boundAdd, COUNTER_TABLES, counter } from '../../test/support/counter.js';
import { messagingDatabase, type TestMessagingDatabase } from '../../test/support/messaging-database.js';
import { InboxExecutor } from './inbox-executor.js';

describe('statements that a handler does not wait for', () => {
  let db: TestMessagingDatabase;
  let executor: InboxExecutor;

  beforeAll(async () => {
    db = await messagingDatabase({ tables: COUNTER_TABLES });
    executor = new InboxExecutor({ database: db.database, validateOutput: true });
    await sql("INSERT INTO counters (name, count) VALUES ('kept', 1)");
  });
  afterAll(() => db.drop());

  const sql = <Row>(text: string, values: unknown[] = []) => db.database.server(0).rows<Row>(text, values);
  const UPDATE = 'UPDATE counters SET count = $2 WHERE name = $1';

  /** Writes a count without looking at the result, then what `then` does. */
  const writer = (count: unknown, then: 'reply' | 'fail' | 'failAndKeep' | 'throw') =>
    boundAdd(async ({ name }, { pipeline, publish, fail, failAndKeep }) => {
      pipeline(UPDATE, [name, count]);
      if (then === 'fail') return fail('TOO_MUCH');
      if (then === 'failAndKeep') return failAndKeep('LOCKED');
      if (then === 'throw') throw new Error('broken');
      await publish(counter.counted, 1, { name, count: 0 });
      return { name, count: 0 };
    });
  const kept = async (): Promise<number | undefined> =>
    (await sql<{ count: number }>("SELECT count FROM counters WHERE name = 'kept'"))[0]?.count;

  it('are committed with the rest', async () => {
    await executor.execute(writer(7, 'reply'), addRequest('kept', 0));
    expect(await kept()).toBe(7);
    await executor.execute(writer(8, 'failAndKeep'), addRequest('kept', 0));
    expect(await kept()).toBe(8);
  });

  it('are undone by a business error and by a fault of the handler', async () => {
    const before = await kept();
    await executor.execute(writer(100, 'fail'), addRequest('kept', 0));
    await expect(executor.execute(writer(100, 'throw'), addRequest('kept', 0))).rejects.toThrow('broken');
    expect(await kept()).toBe(before);
  });

  it('fail the command with their own error, and nothing is committed', async () => {
    const [before, request] = [await kept(), addRequest('kept', 0)];
    // 22P02: no integer. The statements behind it only know that the transaction is aborted (25P02).
    await expect(executor.execute(writer('many', 'reply'), request)).rejects.toMatchObject({ code: '22P02' });
    expect(await kept()).toBe(before);
    expect(await sql('SELECT 1 FROM inbox WHERE command_id = $1', [request.id])).toEqual([]);
    await executor.execute(writer(9, 'reply'), request);
    expect(await kept()).toBe(9);
  });
});
