// A clone of the service `setter` as a process of its own, which tests freeze. Serves the built package. After the
// message 'hold' its next transaction waits for a connection, as in a pool that is in use, until 'go'. It sends
// 'waiting' and 'ended'.
import { command, service } from '@stoa/contract-kit';
import { createBackground } from '../../dist/background/background-work.js';
import { bindOperations } from '../../dist/server/binding.js';
import { StoaServer } from '@stoa/messaging';
import { openKafka } from '@stoa/kafka';
import { Pool } from 'pg';
import { z } from 'zod';

const { PREFIX, BROKERS, CLONE, DATABASE_URL } = process.env;
const complain = (fields, message) => process.stderr.write(`${message} ${fields.err}\n`);
const logger = { debug() {}, info() {}, warn: complain, error: complain };

const Input = z.object({ name: z.string(), by: z.int() });
const about = { summary: 'Set', caller: 'anyone', key: 'input.name', input: Input, output: Input };
const setter = service(
  'setter',
  { version: 1, title: 'Setter', description: 'For tests' },
  { set: command(about), setTogether: command(about) },
);

const pool = new Pool({ connectionString: DATABASE_URL, max: 10, pipeline: true });
let held;
process.on('message', (message) => {
  if (message === 'hold') held = Promise.withResolvers();
  if (message !== 'go') return;
  held.resolve();
  held = undefined;
});

async function transaction(work) {
  if (held) {
    process.send('waiting');
    await held.promise;
  }
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const result = await work({ pipelined: true, query: (text, values) => client.query(text, values) });
    const { command: ended } = await client.query('COMMIT');
    if (ended !== 'COMMIT') throw new Error('COMMIT rolled back');
    return result;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}

const server = { name: 'setter', url: DATABASE_URL, transaction };
const database = {
  transaction: (_bucket, work) => transaction(work),
  transactionOver: (_buckets, work) => transaction(work),
  servers: () => [server],
  bucketOf: () => 0,
  isTransient: () => false,
};

const SET = `INSERT INTO counters (name, count) SELECT name, count FROM json_to_recordset($1) AS r(name text, count integer)
  ON CONFLICT (name) DO UPDATE SET count = excluded.count`;
const set = async ({ name, by }, { write }) => {
  write(SET, { name, count: by });
  return { name, by };
};

const brokers = BROKERS.split(',');
const port = await openKafka({ brokers, client: 'platformatic', clientId: CLONE, logger });
const messaging = {
  brokers,
  client: 'platformatic',
  topicPrefix: PREFIX,
  service: 'setter',
  clone: CLONE,
  replicationFactor: 1,
  partitions: 1,
  logger,
};
const background = createBackground({ port, options: messaging, database, contract: setter, subscriptions: [] });
const handlers = new Map([
  ['set', { handle: set }],
  ['setTogether', { decide: set }],
]);
const { executor } = background;
const binding = {
  contract: setter,
  operations: bindOperations(setter, handlers),
  executor: {
    settle: (bound, request) => executor.settle(bound, request),
    execute: (bound, request) => {
      const isHeld = held !== undefined;
      return executor.execute(bound, request).finally(() => isHeld && process.send('ended'));
    },
  },
  isTransient: () => false,
};
const clone = new StoaServer({ port, messaging, bind: async () => ({ binding, background }) });
await new Promise((resolve, reject) => clone.listen((error) => (error ? reject(error) : resolve())));
process.send('ready');

// An orphan of a test that was killed must not stay.
process.once('disconnect', () => process.exit(1));
