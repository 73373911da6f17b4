import { eventually } from '@stoa/testing';
import { COUNTER_TABLES } from '../support/counter.js';
import { messagingDatabase, type TestMessagingDatabase } from '../support/messaging-database.js';
import { countsIn, sell, send, startService, STOCK, stock, trade, tradeBy } from '../support/trade.js';
import type { StoaClient } from '../../src/client/stoa-client.js';
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
  const startTrade = async (run = sell, clone = 'trade-1') =>
    servers.push(await startService(kit, trade, tradeBy(run), { database: tradeDb.database, clone, calls: [stock] }));
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
});
