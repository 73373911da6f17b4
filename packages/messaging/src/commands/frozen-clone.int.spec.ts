import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OperationError } from '@stoa/contract-kit';
import { eventually, freeze, testKafkaBrokers } from '@stoa/testing';
import { COUNTER_TABLES } from '../../test/support/counter.js';
import { messagingDatabase, type TestMessagingDatabase } from '../../test/support/messaging-database.js';
import { newId } from '../protocol/ids.js';
import { Kit } from '../../test/transport/kit.suite.js';
import type { StoaClient } from '../client/stoa-client.js';

const NODE = join(import.meta.dirname, '../../../../node_modules/.bin/node');
const CLONE = fileURLToPath(new URL('../../test/support/setter-clone.mjs', import.meta.url));

describe('a clone that freezes with a command in hand', () => {
  const kit = new Kit();
  const children: ChildProcess[] = [];
  let db: TestMessagingDatabase;
  let client: StoaClient;

  beforeAll(async () => {
    db = await messagingDatabase({ tables: COUNTER_TABLES });
    client = await kit.client();
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(children.map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')));
    await kit.end();
    await db.drop();
  });

  const startClone = async (name: string): Promise<ChildProcess> => {
    const { url } = db.database.server(0);
    const env = { ...process.env, PREFIX: kit.prefix, BROKERS: testKafkaBrokers(), CLONE: name, DATABASE_URL: url };
    const child = fork(CLONE, { execPath: NODE, execArgv: [], env: { ...env, NODE_OPTIONS: undefined } });
    children.push(child);
    await once(child, 'message');
    return child;
  };
  const set = (operation: string, name: string, by: number, budgetMs: number) =>
    client.request({
      service: 'setter',
      operation,
      kind: 'command',
      key: name,
      body: JSON.stringify({ name, by }),
      id: newId(),
      caller: { kind: 'service', name: 'test' },
      budgetMs,
      contractVersion: 1,
    });
  /** Resolves when the clone says so. */
  const says = (child: ChildProcess, word: string): Promise<void> =>
    new Promise((resolve) => child.on('message', (message) => message === word && resolve()));
  const codeOf = (error: unknown): string => (error instanceof OperationError ? error.code : String(error));
  const countOf = async (name: string): Promise<number | undefined> =>
    (await db.database.server(0).rows<{ count: number }>('SELECT count FROM counters WHERE name = $1', [name]))[0]
      ?.count;

  it.each(['set', 'setTogether'])('does not do it over a newer one when it wakes up (%s)', async (operation) => {
    const frozen = await startClone(`${operation}-1`);
    await eventually(async () => expect((await set(operation, operation, 1, 10_000)).ok).toBe(true));
    frozen.send('hold');
    const waiting = says(frozen, 'waiting');
    const old = set(operation, operation, 2, 3_000).catch(codeOf);
    await waiting;
    await freeze(frozen);
    expect(await old).toBe('UNAVAILABLE');

    const other = await startClone(`${operation}-2`);
    await eventually(async () => expect((await set(operation, operation, 3, 10_000)).ok).toBe(true));
    const ended = says(frozen, 'ended');
    frozen.kill('SIGCONT');
    frozen.send('go');
    await ended;
    expect(await countOf(operation)).toBe(3);
    for (const child of [frozen, other]) child.kill('SIGKILL');
  });
});
