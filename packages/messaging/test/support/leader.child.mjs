// A process of its own that tests freeze and kill: `MODE=relay|listen|command node leader.child.mjs`, with settings in
// the environment. It reports its actions to its parent by lines on stdout.
import { Client } from 'pg';
import { openKafka } from '@stoa/kafka';
import { InboxExecutor } from '../../dist/commands/inbox-executor.js';
import { onEvent } from '../../dist/index.js';
import { createBackground } from '../../dist/background/background-work.js';
import { service, command, event } from '@stoa/contract-kit';
import { z } from 'zod';

const { MODE, DATABASE_URL, SERVER, BROKERS, PREFIX, COMMAND_ID } = process.env;
const say = (line) => process.stdout.write(`${line}\n`);

async function transaction(work) {
  const client = new Client({
    connectionString: DATABASE_URL,
    application_name: 'child',
    idle_in_transaction_session_timeout: 1_000,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } finally {
    await client.end().catch(() => undefined);
  }
}

const database = {
  transaction: (_bucket, work) => transaction(work),
  servers: () => [{ name: SERVER, url: DATABASE_URL, transaction }],
  bucketOf: () => 0,
  isTransient: () => false,
};

/** Runs what is beside a service's requests. */
async function background(name, subscriptions) {
  const log = (fields, message) => say(`log ${message} ${fields.err?.name ?? ''} ${fields.err?.message ?? ''}`);
  const logger = { debug: () => undefined, info: log, warn: log, error: log };
  const kafka = { brokers: [BROKERS], client: 'platformatic', clientId: 'child', logger };
  const port = await openKafka(kafka);
  const metrics = {
    leading: (_server, isLeader) => say(isLeader ? 'leading' : 'not leading'),
    relayed: (_server, records) => records > 0 && say(`relayed ${records}`),
  };
  const options = { ...kafka, topicPrefix: PREFIX, service: name, clone: 'child', logger, metrics };
  const contract = service(name, { version: 1, title: name, description: 'For tests' }, {});
  await createBackground({ port, options, database, contract, subscriptions }).start();
}

/** Hears `counted` and `doubled`, slowly. */
async function listen() {
  const data = z.object({ name: z.string(), count: z.int() });
  const messages = service(
    'counter',
    { version: 1, title: 'Counter', description: 'Counts.' },
    {
      counted: event({ summary: 'Counted', key: 'name', data }),
      doubled: event({ summary: 'Doubled', key: 'name', data }),
    },
  );
  class Hear {
    constructor(type) {
      this.type = type;
    }

    async on({ name }, { tx, version }) {
      await tx.query('INSERT INTO heard (type, name, version) VALUES ($1, $2, $3)', [this.type, name, version]);
      await new Promise((resolve) => setTimeout(resolve, 20));
      say('handled');
    }
  }
  const hears = (type) => ({ subscription: onEvent(messages[type], Hear), handler: new Hear(type) });
  await background('listener', [hears('counted'), hears('doubled')]);
}

/** Runs a command whose handler writes, says so, and never ends. */
async function runCommand() {
  const { add } = service(
    'counter',
    { version: 1, title: 'Counter', description: 'Counts.' },
    {
      add: command({
        summary: 'Add',
        caller: 'anyone',
        key: 'input.name',
        input: z.object({ name: z.string() }),
        output: z.object({}),
      }),
    },
  );
  const handle = async ({ name }, { tx }) => {
    await tx.query('INSERT INTO counters (name, count) VALUES ($1, 100)', [name]);
    say('written');
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    return {};
  };
  const executor = new InboxExecutor({ database, validateOutput: true });
  const input = { name: 'killed', by: 1 };
  const request = {
    id: COMMAND_ID,
    key: 'killed',
    bodyText: JSON.stringify(input),
    input,
    caller: { kind: 'service', name: 'test' },
  };
  await executor.execute({ operation: add, handler: { handle } }, request);
}

await { relay: () => background('counter', []), listen, command: runCommand }[MODE]();
