import { GENEROUS_BUDGET_MS } from '@stoa/testing';
import { command, service, type Command } from '@stoa/contract-kit';
import { z } from 'zod';
import { addRequest, addTo, COUNTER_TABLES } from '../../test/support/counter.js';
import { memoryLogger } from '../../test/support/kafka.js';
import { messagingDatabase, type TestMessagingDatabase } from '../../test/support/messaging-database.js';
import { newId } from '../protocol/ids.js';
import { bindOperations } from '../server/binding.js';
import { Dispatcher } from '../server/dispatcher.js';
import type { Flow, Handler } from '../api/handlers.js';
import { BatchExecutor } from '../commands/batch-executor.js';

const input = z.object({ name: z.string(), by: z.int(), password: z.string().meta({ writeOnly: true }).optional() });
const adder = service(
  'adder',
  { version: 1, title: 'Adder', description: 'Adds' },
  {
    plain: command({ summary: 'Add', caller: 'anyone', key: 'input.name', input, output: z.object({}) }),
    secret: command({
      summary: 'Add',
      caller: 'anyone',
      key: 'input.name',
      input,
      output: z.object({}),
      secretReply: true,
    }),
    secretByRoute: command({
      http: 'POST /v1/adders',
      summary: 'Add',
      caller: 'anyone',
      key: 'input.name',
      input,
      output: z.object({}),
      secretReply: true,
    }),
    flow: command({ summary: 'Add', caller: 'anyone', key: 'input.name', input, output: z.object({}) }),
  },
);

describe('a request that comes again with another body', () => {
  let db: TestMessagingDatabase;
  let dispatcher: Dispatcher;

  beforeAll(async () => {
    db = await messagingDatabase({ tables: COUNTER_TABLES, bucketOf: (key) => key.length });
    const handle: Handler<Command>['handle'] = async (body, { tx }) => {
      const { name, by } = body as { name: string; by: number };
      return addTo(tx, name, by).then(() => ({}));
    };
    // Adds outside of any step, as a flow may that hashes a password in between.
    const run: Flow<Command>['run'] = async (body) => {
      const { name, by } = body as { name: string; by: number };
      await db.database.transaction(0, (tx) => addTo(tx, name, by));
      return {};
    };
    const handlers = { plain: { handle }, secret: { handle }, secretByRoute: { handle }, flow: { run } };
    const binding = {
      contract: adder,
      operations: bindOperations(adder, new Map(Object.entries(handlers))),
      executor: new BatchExecutor({ database: db.database, validateOutput: true }),
      isTransient: () => false,
    };
    dispatcher = new Dispatcher(binding, memoryLogger());
  });
  afterAll(() => db.drop());

  const send = async (operation: string, id: string, body: object) => {
    const { caller } = addRequest('', 0);
    const [common, rest] = [
      { id, operation, correlation: '1', replyTopic: 'r' },
      { proof: undefined, traceparent: undefined },
    ];
    const { ok, body: reply } = await dispatcher.run(
      {
        ...common,
        ...rest,
        budgetMs: GENEROUS_BUDGET_MS,
        contractVersion: 1,
        caller,
        expectedVersion: undefined,
        key: operation,
        body: Buffer.from(JSON.stringify(body)),
        appendedAt: Date.now(),
      },
      () => GENEROUS_BUDGET_MS,
    );
    return ok ? 'ok' : (JSON.parse(reply) as { code: string }).code;
  };
  const rows = <Row>(text: string, values: unknown[] = []) => db.database.server(0).rows<Row>(text, values);

  it.each(['plain', 'secret', 'secretByRoute', 'flow'])('is refused (%s)', async (operation) => {
    const id = newId();
    expect(await send(operation, id, { name: operation, by: 1 })).toBe('ok');
    expect(await send(operation, id, { name: operation, by: 2 })).toBe('IDEMPOTENCY_KEY_REUSED');
    expect(await send(operation, id, { name: operation, by: 1 })).toBe('ok');
    expect(await send(operation, newId(), { name: operation, by: 2 })).toBe('ok');
  });

  it.each(['plain', 'secretByRoute', 'flow'])('is refused also if only a secret differs (%s)', async (operation) => {
    const id = newId();
    const body = (password: string): object => ({ name: operation, by: 1, password });
    expect(await send(operation, id, body('first'))).toBe('ok');
    expect(await send(operation, id, body('second'))).toBe('IDEMPOTENCY_KEY_REUSED');
    expect(await send(operation, id, body('first'))).toBe('ok');
  });

  it('is refused when both come at once', async () => {
    const id = newId();
    const replies = await Promise.all(
      [1, 2, 3, 4].map((by) => send('flow', id, { name: 'flow', by, password: 'same' })),
    );
    expect(replies.toSorted()).toEqual([...Array(3).fill('IDEMPOTENCY_KEY_REUSED'), 'ok']);
  });

  it('is recognised by a hash that differs for each request, and by no plain hash of the secret', async () => {
    const ids = [newId(), newId()];
    for (const id of ids) await send('plain', id, { name: 'plain', by: 0, password: 'the same' });
    const found = await rows<{ hash: string }>(
      "SELECT encode(body_hash, 'hex') AS hash FROM inbox WHERE length(body_hash) > 16",
    );
    expect(new Set(found.map(({ hash }) => hash)).size).toBe(found.length);
    expect(found.length).toBeGreaterThanOrEqual(2);
  });
});
