import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, freeze, testKafkaBrokers } from '@stoa/testing';
import { COUNTER_TABLES } from '../support/counter.js';
import { messagingDatabase, type TestMessagingDatabase } from '../support/messaging-database.js';
import { countsIn, send, startService, STOCK, stock, trade, tradeBy } from '../support/trade.js';
import type { StoaClient } from '../../src/client/stoa-client.js';
import { newId } from '../../src/protocol/ids.js';
import type { StoaServer } from '../../src/server/stoa-server.js';
import { bodyOf, Kit } from './kit.suite.js';

const NODE = join(import.meta.dirname, '../../../../node_modules/.bin/node');
const CLONE = fileURLToPath(new URL('../support/trade-clone.mjs', import.meta.url));
const POINTS = ['begin', 'in the step', 'behind the step', 'behind the call', 'in the last step', 'end'];

describe('a durable flow whose clone', () => {
  const kit = new Kit();
  const children: ChildProcess[] = [];
  const servers: StoaServer[] = [];
  let stockDb: TestMessagingDatabase;
  let tradeDb: TestMessagingDatabase;
  let client: StoaClient;

  beforeAll(async () => {
    [stockDb, tradeDb] = await Promise.all([
      messagingDatabase({ tables: COUNTER_TABLES }),
      messagingDatabase({ tables: COUNTER_TABLES }),
    ]);
    await startService(kit, stock, STOCK, { database: stockDb.database, clone: 'stock-1' }).then((server) =>
      servers.push(server),
    );
    client = await kit.client();
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(children.map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')));
    await Promise.all(servers.map((server) => server.close()));
    await kit.end();
    await Promise.all([stockDb.drop(), tradeDb.drop()]);
  });

  /** Starts a clone that stops at a point of its first flow. */
  const startChild = async (stopAt: string): Promise<ChildProcess> => {
    const { url } = tradeDb.database.server(0);
    const own = { PREFIX: kit.prefix, BROKERS: testKafkaBrokers(), CLONE: `trade-${children.length}`, STOP_AT: stopAt };
    const env = { ...process.env, ...own, DATABASE_URL: url, NODE_OPTIONS: undefined };
    const child = fork(CLONE, { execPath: NODE, execArgv: [], env });
    children.push(child);
    await says(child, 'ready');
    return child;
  };
  const says = (child: ChildProcess, word: string): Promise<void> =>
    new Promise((resolve, reject) => {
      child.on('message', (message) => message === word && resolve());
      child.once('exit', (code) => reject(new Error(`the clone ended with ${code}`)));
    });
  const startOther = () =>
    startService(kit, trade, tradeBy(), { database: tradeDb.database, clone: 'other-1', calls: [stock] });
  const statusOf = async (id: string): Promise<string | undefined> => {
    const text = 'SELECT status FROM flows WHERE flow_id = $1';
    return (await tradeDb.database.server(0).rows<{ status: string }>(text, [id]))[0]?.status;
  };
  /** Sends a flow, and resolves when its clone is at the point. */
  const stopAt = async (child: ChildProcess, name: string, id: string): Promise<void> => {
    const there = says(child, 'there');
    send(client, trade, 'sellForSure', { name, by: 2 }, { id }).catch(() => undefined);
    await there;
  };
  const expectOnce = async (name: string, id: string): Promise<void> => {
    await eventually(async () => expect(await statusOf(id)).toBe('ok'), { timeoutMs: 60_000 });
    expect(await countsIn(stockDb, name)).toEqual({ [name]: 2 });
    expect(await countsIn(tradeDb, name)).toEqual({ [`${name} before`]: 1, [`${name} behind`]: 2 });
    const again = await send(client, trade, 'sellForSure', { name, by: 2 }, { id });
    expect(bodyOf(again)).toEqual({ name, count: 2 });
  };

  it.each(POINTS)('is killed (%s) is carried out by another, each step once', async (point) => {
    const [name, id] = [`killed ${point}`, newId()];
    const child = await startChild(point);
    await stopAt(child, name, id);
    child.kill('SIGKILL');
    const other = await startOther();
    await expectOnce(name, id);
    await other.close();
  });

  it.each(['in the step', 'behind the call', 'end'])(
    'froze (%s) is carried out by another; both go on, and each step is done once',
    async (point) => {
      const [name, id] = [`frozen ${point}`, newId()];
      const child = await startChild(point);
      await stopAt(child, name, id);
      await freeze(child);
      const other = await startOther();
      // A transaction that is open in the frozen clone holds its inbox row: the other one waits for that.
      if (point !== 'in the step') await expectOnce(name, id);
      const ended = says(child, 'ended');
      child.kill('SIGCONT');
      child.send('go');
      await ended;
      await expectOnce(name, id);
      child.kill('SIGKILL');
      await other.close();
    },
  );
});
