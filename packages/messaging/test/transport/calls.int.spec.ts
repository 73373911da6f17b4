import type { OperationError } from '@stoa/contract-kit';
import { messagingDatabase, type TestMessagingDatabase } from '../support/messaging-database.js';
import { COUNTER_TABLES } from '../support/counter.js';
import { adds, countsIn, send, startService, stock, trade, tradeBy } from '../support/trade.js';
import type { Caller } from '../../src/api/requests.js';
import type { StoaClient } from '../../src/client/stoa-client.js';
import { newId } from '../../src/protocol/ids.js';
import type { StoaServer } from '../../src/server/stoa-server.js';
import { bodyOf, Kit } from './kit.suite.js';

describe('a flow that calls another service', () => {
  const kit = new Kit();
  const messaging = { provesCallers: true };
  const callers: Caller[] = [];
  const servers: StoaServer[] = [];
  const hold = adds('SOLD_OUT');
  const handlers = {
    hold: {
      handle: (input: never, context: never) => {
        callers.push((context as { caller: Caller }).caller);
        return hold(input, context);
      },
    },
    holdForCustomer: { handle: hold },
    holdForOther: { handle: hold },
  };
  let stockDb: TestMessagingDatabase;
  let tradeDb: TestMessagingDatabase;
  let client: StoaClient;

  beforeAll(async () => {
    [stockDb, tradeDb] = await Promise.all([
      messagingDatabase({ tables: COUNTER_TABLES }),
      messagingDatabase({ tables: COUNTER_TABLES }),
    ]);
    servers.push(
      await startService(kit, stock, handlers, { database: stockDb.database, clone: 'stock-1', messaging }),
      await startService(kit, trade, tradeBy(), {
        database: tradeDb.database,
        clone: 'trade-1',
        calls: [stock],
        messaging,
      }),
    );
    client = await kit.client({ messaging });
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close()));
    await kit.end();
    await Promise.all([stockDb.drop(), tradeDb.drop()]);
  });

  const as = (caller: Caller, operation: string, name: string, from = client) =>
    from.request({
      service: 'stock',
      operation,
      kind: 'command',
      key: name,
      id: newId(),
      body: JSON.stringify({ name, by: 1 }),
      caller,
      budgetMs: 60_000,
      contractVersion: 1,
    });
  const guest: Caller = { kind: 'guest', customerId: newId() };
  const service = (name: string): Caller => ({ kind: 'service', name });

  it('gets its output, as this service, once for all deliveries', async () => {
    const id = newId();
    const first = await send(client, trade, 'sell', { name: 'a', by: 2 }, { id });
    expect(bodyOf(first)).toEqual({ name: 'a', count: 2 });
    expect(bodyOf(await send(client, trade, 'sell', { name: 'a', by: 2 }, { id }))).toEqual({ name: 'a', count: 2 });
    expect(await countsIn(stockDb, 'a')).toEqual({ a: 2 });
    expect(await countsIn(tradeDb, 'a')).toEqual({ 'a before': 1, 'a behind': 2 });
    expect(callers).toContainEqual(service('trade'));
  });

  it('is refused as the other service refuses', async () => {
    expect(bodyOf(await send(client, trade, 'sell', { name: 'b', by: -1 }))).toEqual({
      code: 'SOLD_OUT',
      detail: 'less than nothing',
    });
    expect(await countsIn(tradeDb, 'b')).toEqual({ 'b before': 1 });
  });

  it('is believed for nobody else, and nobody else for it', async () => {
    const own = await kit.client({ messaging: { ...messaging, service: 'trade', clone: 'trade-2' } });
    const other = await kit.client({ messaging: { ...messaging, service: 'other', clone: 'other-1' } });
    const stranger = await kit.client({ messaging: { clone: 'stranger-1' } });
    const codeOf = async (reply: Promise<{ ok: boolean; body: Buffer }>): Promise<unknown> => {
      try {
        const { ok, body } = await reply;
        return ok ? 'ok' : (bodyOf({ body }) as { code: string }).code;
      } catch (error) {
        return (error as OperationError).code;
      }
    };
    const customer: Caller = { kind: 'customer', customerId: newId() };
    const operator: Caller = { kind: 'operator', customerId: newId() };
    const outcomes = {
      itself: await codeOf(as(service('trade'), 'hold', 'c', own)),
      'a guest': await codeOf(as(guest, 'hold', 'c')),
      'a customer': await codeOf(as(customer, 'hold', 'c')),
      'an operator': await codeOf(as(operator, 'hold', 'c')),
      'a gateway as the service': await codeOf(as(service('trade'), 'hold', 'c')),
      'the service as a customer': await codeOf(as(customer, 'holdForCustomer', 'c', own)),
      'the service as an operator': await codeOf(as(operator, 'holdForCustomer', 'c', own)),
      'the service as itself, for customers': await codeOf(as(service('trade'), 'holdForCustomer', 'c', own)),
      'the service as another': await codeOf(as(service('other'), 'hold', 'c', own)),
      'another as the service': await codeOf(as(service('trade'), 'hold', 'c', other)),
      'another as itself': await codeOf(as(service('other'), 'hold', 'c', other)),
      'another for which there is an operation': await codeOf(as(service('other'), 'holdForOther', 'c', other)),
      'without a proof': await codeOf(as(service('trade'), 'hold', 'c', stranger)),
    };
    expect(outcomes).toEqual({
      itself: 'ok',
      'a guest': 'FORBIDDEN',
      'a customer': 'FORBIDDEN',
      'an operator': 'FORBIDDEN',
      'a gateway as the service': 'UNAVAILABLE',
      'the service as a customer': 'UNAVAILABLE',
      'the service as an operator': 'UNAVAILABLE',
      'the service as itself, for customers': 'FORBIDDEN',
      'the service as another': 'UNAVAILABLE',
      'another as the service': 'UNAVAILABLE',
      'another as itself': 'FORBIDDEN',
      'another for which there is an operation': 'ok',
      'without a proof': 'UNAUTHENTICATED',
    });
    expect(await countsIn(stockDb, 'c')).toEqual({ c: 2 });
  });
});
