import { command, event, service, type ServiceContract } from '@stoa/contract-kit';
import type { KafkaPort } from '@stoa/kafka';
import { z } from 'zod';
import { newId, type StoaClient } from '../../src/index.js';
import type { IncomingReply } from '../../src/api/requests.js';
import type { Flow, Handler } from '../../src/api/handlers.js';
import type { MessagingOptions } from '../../src/api/options.js';
import type { BoundSubscription } from '../../src/api/subscriptions.js';
import { createBackground } from '../../src/background/background-work.js';
import { ServiceCalls } from '../../src/calls/service-calls.js';
import { bindOperations } from '../../src/server/binding.js';
import { StoaServer } from '../../src/server/stoa-server.js';
import type { Kit } from '../transport/kit.suite.js';
import type { TestMessagingDatabase } from './messaging-database.js';
import type { SimplePgDatabase } from './pg-database.js';

const Named = z.object({ name: z.string(), by: z.int() });
const Count = z.object({ name: z.string(), count: z.int() });
const rules = { summary: 'It', key: 'input.name', input: Named, output: Count } as const;

/** A service that another one calls. */
export const stock = service(
  'stock',
  { version: 1, title: 'Stock', description: 'For tests' },
  {
    hold: command({ ...rules, caller: 'service:trade', errors: { SOLD_OUT: 409 } }),
    holdForCustomer: command({ ...rules, caller: 'customer' }),
    holdForOther: command({ ...rules, caller: 'service:other' }),
  },
);

/** A service whose flow has a step before and behind a call of `stock`. */
export const trade = service(
  'trade',
  { version: 1, title: 'Trade', description: 'For tests' },
  {
    sell: command({ ...rules, caller: 'anyone', errors: { SOLD_OUT: 409 } }),
    note: command({ ...rules, caller: 'anyone', errors: { REFUSED: 409 } }),
    sellForSure: command({ ...rules, caller: 'anyone', errors: { SOLD_OUT: 409 }, durable: true, budgetMs: 2_000 }),
    order: command({ ...rules, caller: 'anyone' }),
    orderTogether: command({ ...rules, caller: 'anyone' }),
    ordered: event({ summary: 'It was ordered', key: 'name', data: Named }),
  },
);

const ADD = `INSERT INTO counters (name, count) VALUES ($1, $2)
  ON CONFLICT (name) DO UPDATE SET count = counters.count + excluded.count RETURNING count`;

/** Adds to a counter; a negative number is refused. */
export const adds = (code: string): Handler<typeof trade.note>['handle'] => {
  return async ({ name, by }, { tx, fail }) => {
    if (by < 0) fail(code as 'REFUSED', 'less than nothing');
    const { rows } = await tx.query<{ count: number }>(ADD, [name, by]);
    return { name, count: rows[0]?.count ?? 0 };
  };
};

/** Notes, has the stock held, and notes again. */
export const sell: Flow<typeof trade.sell>['run'] = async ({ name, by }, { step, call }) => {
  await step('before', trade.note, { name: `${name} before`, by: 1 });
  const { count } = await call('hold', stock.hold, { name, by });
  await step('behind', trade.note, { name: `${name} behind`, by: count });
  return { name, count };
};

/** Starts the durable flow from a transaction. */
export const order: Handler<typeof trade.order>['handle'] = async (input, { start }) => {
  await start(trade.sellForSure, input);
  return { name: input.name, count: input.by };
};

export const STOCK = {
  hold: { handle: adds('SOLD_OUT') },
  holdForCustomer: { handle: adds('') },
  holdForOther: { handle: adds('') },
};

/** Handlers of `trade`. @param run of both flows */
export const tradeBy = (run: Flow<typeof trade.sell>['run'] = sell): Record<string, object> => ({
  sell: { run },
  sellForSure: { run },
  note: { handle: adds('REFUSED') },
  order: { handle: order },
  orderTogether: { decide: order },
});

export const countsIn = async ({ database }: TestMessagingDatabase, name: string): Promise<Record<string, number>> => {
  const text = 'SELECT name, count FROM counters WHERE name LIKE $1';
  const rows = await database.server(0).rows<{ name: string; count: number }>(text, [`${name}%`]);
  return Object.fromEntries(rows.map((row) => [row.name, row.count]));
};

export interface CloneOptions {
  readonly database: SimplePgDatabase;
  readonly clone: string;
  readonly calls?: readonly ServiceContract[];
  readonly messaging?: Partial<MessagingOptions>;
  readonly subscriptions?: readonly BoundSubscription[];
  readonly port?: KafkaPort;
}

/** Starts a clone of a service in this process. */
export async function startService(
  kit: Kit,
  contract: ServiceContract,
  handlers: Readonly<Record<string, object>>,
  { database, clone, calls = [], messaging, subscriptions = [], port: given }: CloneOptions,
): Promise<StoaServer> {
  const port = given ?? (await kit.port());
  const options = kit.options(contract.$about.name, clone, messaging);
  const isTransient = (error: unknown): boolean => database.isTransient(error);
  const background = createBackground({ port, options, database, contract, subscriptions });
  const operations = bindOperations(contract, new Map(Object.entries(handlers)));
  const binding = {
    contract,
    operations,
    executor: background.executor,
    isTransient,
    flows: background.flows,
    ...(calls.length > 0 && { calls: new ServiceCalls(port, options, calls) }),
  };
  const server = new StoaServer({ port, messaging: options, bind: async () => ({ binding, background }) });
  await new Promise<void>((resolve, reject) => {
    void server.listen((error) => (error ? reject(error as Error) : resolve()));
  });
  return server;
}

/** Sends a command to one of them as a guest. */
export const send = (
  client: StoaClient,
  contract: ServiceContract,
  operation: string,
  input: { name: string; by: number },
  { id = newId(), budgetMs = 60_000 }: { readonly id?: string; readonly budgetMs?: number } = {},
): Promise<IncomingReply> =>
  client.request({
    service: contract.$about.name,
    operation,
    kind: 'command',
    key: input.name,
    id,
    body: JSON.stringify(input),
    caller: { kind: 'guest', customerId: newId() },
    budgetMs,
    contractVersion: 1,
  });
