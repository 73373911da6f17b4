import { OperationError, type Command } from '@stoa/contract-kit';
import { eventually } from '@stoa/testing';
import { COUNTER_TABLES } from '../support/counter.js';
import { messagingDatabase, type TestMessagingDatabase } from '../support/messaging-database.js';
import {
  countsIn,
  sell,
  send,
  startService,
  STOCK,
  stock,
  trade,
  tradeBy,
  type CloneOptions,
} from '../support/trade.js';
import type { EventContext } from '../../src/api/subscriptions.js';
import type { StoaClient } from '../../src/client/stoa-client.js';
import { FlowStarts } from '../../src/flows/flow-starts.js';
import { onEvent } from '../../src/nest/subscriptions.js';
import { newId } from '../../src/protocol/ids.js';
import type { StoaServer } from '../../src/server/stoa-server.js';
import { bodyOf, Kit } from './kit.suite.js';

describe('a durable flow', () => {
  let kit: Kit;
  let servers: StoaServer[];
  let stockDb: TestMessagingDatabase;
  let tradeDb: TestMessagingDatabase;
  let client: StoaClient;

  beforeEach(async () => {
    kit = new Kit();
    servers = [];
    [stockDb, tradeDb] = await Promise.all([
      messagingDatabase({ tables: COUNTER_TABLES }),
      messagingDatabase({ tables: COUNTER_TABLES }),
    ]);
    client = await kit.client();
  });
  afterEach(async () => {
    await Promise.all(servers.map((server) => server.close()));
    await kit.end();
    await Promise.all([stockDb.drop(), tradeDb.drop()]);
  });

  const startStock = async () =>
    servers.push(await startService(kit, stock, STOCK, { database: stockDb.database, clone: 'stock-1' }));
  const startTrade = async (run = sell, clone = 'trade-1', more: Partial<CloneOptions> = {}) =>
    servers.push(
      await startService(kit, trade, tradeBy(run), { database: tradeDb.database, clone, calls: [stock], ...more }),
    );
  const flows = () =>
    tradeDb.database
      .server(0)
      .rows<{ status: string; reply: string | null; attempts: number; reason: string | null }>(
        'SELECT status, reply, attempts, reason FROM flows ORDER BY created_at',
      );
  const sold = (name: string, by: number) => ({ [`${name} before`]: 1, [`${name} behind`]: by });

  it('keeps its reply for a second delivery, and refuses another request under its id', async () => {
    await startStock();
    await startTrade();
    const id = newId();
    const first = await send(client, trade, 'sellForSure', { name: 'a', by: 2 }, { id });
    expect(bodyOf(first)).toEqual({ name: 'a', count: 2 });
    expect(bodyOf(await send(client, trade, 'sellForSure', { name: 'a', by: 2 }, { id }))).toEqual(bodyOf(first));
    expect(bodyOf(await send(client, trade, 'sellForSure', { name: 'a', by: 3 }, { id }))).toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
    });
    expect(await countsIn(stockDb, 'a')).toEqual({ a: 2 });
    expect(await countsIn(tradeDb, 'a')).toEqual(sold('a', 2));
    expect(await flows()).toMatchObject([{ status: 'ok', attempts: 1 }]);
  });

  it('keeps a business error, which ends it', async () => {
    await startStock();
    await startTrade();
    const id = newId();
    const soldOut = { code: 'SOLD_OUT', detail: 'less than nothing' };
    expect(bodyOf(await send(client, trade, 'sellForSure', { name: 'a', by: -1 }, { id }))).toEqual(soldOut);
    expect(bodyOf(await send(client, trade, 'sellForSure', { name: 'a', by: -1 }, { id }))).toEqual(soldOut);
    expect(await flows()).toMatchObject([{ status: 'error', attempts: 1 }]);
  });

  it('goes on when the service that it calls is there again, though its caller has gone', async () => {
    await startTrade();
    const asked = send(client, trade, 'sellForSure', { name: 'a', by: 2 }, { budgetMs: 1_500 });
    await expect(asked).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await eventually(async () => expect(await countsIn(tradeDb, 'a')).toEqual({ 'a before': 1 }));
    await startStock();
    await eventually(async () => expect(await countsIn(tradeDb, 'a')).toEqual(sold('a', 2)), { timeoutMs: 60_000 });
    expect(await countsIn(stockDb, 'a')).toEqual({ a: 2 });
    await eventually(async () => expect(await flows()).toMatchObject([{ status: 'ok' }]));
  });

  it.each(['order', 'orderTogether'])('is started by a transaction, once (%s)', async (operation) => {
    await startStock();
    await startTrade();
    const id = newId();
    const input = { name: 'a', by: 2 };
    await Promise.all([1, 2, 3].map(() => send(client, trade, operation, input, { id })));
    await eventually(async () => expect(await countsIn(tradeDb, 'a')).toEqual(sold('a', 2)));
    await eventually(async () => expect(await flows()).toMatchObject([{ status: 'ok' }]));
    expect(await countsIn(stockDb, 'a')).toEqual({ a: 2 });
  });

  it('is started by an event, once', async () => {
    await startStock();
    const on = async ({ name, by }: { name: string; by: number }, { start }: EventContext) =>
      void (await start(trade.sellForSure, { name, by }));
    const subscriptions = [{ subscription: onEvent(trade.ordered, Object as never), handler: { on } as never }];
    await startTrade(sell, 'trade-1', { subscriptions });
    const headers = { id: newId(), type: 'ordered', version: '1', v: '1' };
    const record = { topic: `${kit.prefix}trade.events`, key: 'a', value: '{"name":"a","by":2}', headers };
    await (await kit.port()).produce([record, record], 'all');
    await eventually(async () => expect(await countsIn(tradeDb, 'a')).toEqual(sold('a', 2)), { timeoutMs: 60_000 });
    expect(await flows()).toHaveLength(1);
    expect(await countsIn(stockDb, 'a')).toEqual({ a: 2 });
  });

  it('is done once where the reply of the service that it calls is lost', async () => {
    let lost = 0;
    const port = await kit.port();
    const produce: typeof port.produce = async (records, acks) => {
      const isLost = ({ topic }: { readonly topic: string }): boolean =>
        topic.includes('.trade.replies.') && lost++ === 0;
      const left = records.filter((record) => !isLost(record));
      if (left.length > 0) await port.produce(left, acks);
    };
    const losing = new Proxy(port, {
      get: (target, name) => (name === 'produce' ? produce : (Reflect.get(target, name) as () => unknown)),
    });
    servers.push(await startService(kit, stock, STOCK, { database: stockDb.database, clone: 'stock-1', port: losing }));
    await startTrade();
    send(client, trade, 'sellForSure', { name: 'a', by: 2 }, { budgetMs: 2_000 }).catch(() => undefined);
    await eventually(async () => expect(await countsIn(tradeDb, 'a')).toEqual(sold('a', 2)), { timeoutMs: 60_000 });
    expect(lost).toBeGreaterThan(1);
    expect(await countsIn(stockDb, 'a')).toEqual({ a: 2 });
  });

  it('is given up behind its day, and goes on when an operator has it run again', async () => {
    await startStock();
    let isBroken = true;
    await startTrade(async (input, context) => {
      if (isBroken) throw new Error('out of order');
      return sell(input, context);
    });
    const id = newId();
    const again = () => send(client, trade, 'sellForSure', { name: 'a', by: 2 }, { id, budgetMs: 10_000 });
    expect(bodyOf(await again())).toMatchObject({ code: 'INTERNAL' });
    const overSince = (hours: number) =>
      tradeDb.database
        .server(0)
        .rows('UPDATE flows SET give_up_at = now(), created_at = now() - make_interval(hours => $1)', [hours]);
    await overSince(25);
    const letters = servers[1]!.deadLetters!;
    await eventually(async () => expect((await letters.list(10)).items).toHaveLength(1), { timeoutMs: 60_000 });
    const [parked] = (await letters.list(10)).items;
    expect(parked).toMatchObject({ topic: 'trade.flows', type: 'sellForSure', key: 'a', reason: 'out of order' });
    expect(String((await letters.find(parked!))?.body)).toBe('{"name":"a","by":2}');
    await expect(again()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await overSince(47);
    expect(await letters.replay('trade.flows', 'a')).toMatchObject({ replayed: 0, failed: { reason: /46 hours/ } });
    await overSince(25);
    isBroken = false;
    expect(await letters.replay('trade.flows', 'a')).toEqual({ replayed: 1, failed: undefined });
    await eventually(async () => expect(await countsIn(tradeDb, 'a')).toEqual(sold('a', 2)), { timeoutMs: 60_000 });
    await eventually(async () => expect(bodyOf(await again())).toEqual({ name: 'a', count: 2 }));
    expect((await letters.list(10)).items).toEqual([]);
  });

  it('that was given up is dropped by an operator, for good', async () => {
    await startTrade(() => Promise.reject(new Error('out of order')));
    const id = newId();
    const again = () => send(client, trade, 'sellForSure', { name: 'a', by: 2 }, { id });
    expect(bodyOf(await again())).toMatchObject({ code: 'INTERNAL' });
    await tradeDb.database.server(0).rows('UPDATE flows SET give_up_at = now()');
    const letters = servers[0]!.deadLetters!;
    await eventually(async () => expect((await letters.list(10)).items).toHaveLength(1), { timeoutMs: 60_000 });
    expect(await letters.drop((await letters.list(10)).items[0]!)).toBe(true);
    expect(await flows()).toMatchObject([{ status: 'dropped' }]);
    await expect(again()).rejects.toMatchObject({ message: expect.stringContaining('An operator gave') });
  });

  it('does not go on where a step has another input than before', async () => {
    await startStock();
    let runs = 0;
    await startTrade(async ({ name }, { step }) => {
      await step('one', trade.note, { name, by: (runs += 1) });
      throw new OperationError('UNAVAILABLE', 'later');
    });
    await send(client, trade, 'sellForSure', { name: 'a', by: 2 }, { budgetMs: 5_000 }).catch(() => undefined);
    await eventually(async () => expect((await flows())[0]?.reason).toContain('another input'), { timeoutMs: 60_000 });
    expect(await countsIn(tradeDb, 'a')).toEqual({ a: 1 });
  });

  it.each<[string, Command]>([
    ['in another bucket', trade.sellForSure],
    ['that is not durable', trade.sell],
    ['of another service', { ...trade.sellForSure, service: 'stock' }],
  ])('is not started by a transaction %s', async (_which, operation) => {
    const starts = new FlowStarts({ bucketOf: () => 5 }, 'trade');
    const by = { bucket: 6, id: newId(), n: 0, traceparent: undefined };
    expect(() => starts.rowOf(operation, { name: 'a', by: 1 }, by)).toThrow(/bucket|durable/);
    expect(starts.rowOf(trade.sellForSure, { name: 'a', by: 1 }, { ...by, bucket: 5 }).record).toMatchObject({
      bucket: 5,
      caller: '{"kind":"service","name":"trade"}',
    });
  });
});
