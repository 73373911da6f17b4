// A clone of the service `trade` as a process of its own, which tests kill and freeze at a point of its durable flow.
// Serves the built package. At the point STOP_AT of its first run it sends 'there', and waits for the message 'go'; it
// sends 'ended' behind that run.
import { command, service } from '@stoa/contract-kit';
import { openKafka } from '@stoa/kafka';
import { StoaServer } from '@stoa/messaging';
import { isTransient } from '@stoa/postgres';
import { Pool } from 'pg';
import { z } from 'zod';
import { createBackground } from '../../dist/background/background-work.js';
import { ServiceCalls } from '../../dist/calls/service-calls.js';
import { bindOperations } from '../../dist/server/binding.js';

const { PREFIX, BROKERS, CLONE, DATABASE_URL, STOP_AT } = process.env;
const complain = (fields, message) => process.stderr.write(`${message} ${fields.err}\n`);
const logger = { debug() {}, info() {}, warn: complain, error: complain };

const input = z.object({ name: z.string(), by: z.int() });
const output = z.object({ name: z.string(), count: z.int() });
const rules = { summary: 'It', key: 'input.name', input, output };
const about = (title) => ({ version: 1, title, description: 'For tests' });
const stock = service('stock', about('Stock'), { hold: command({ ...rules, caller: 'service:trade' }) });
const trade = service('trade', about('Trade'), {
  note: command({ ...rules, caller: 'anyone' }),
  sellForSure: command({ ...rules, caller: 'anyone', durable: true, budgetMs: 2_000 }),
});

let isFirst = true;
async function at(point) {
  if (point !== STOP_AT || !isFirst) return;
  isFirst = false;
  const go = new Promise((resolve) => process.once('message', resolve));
  process.send('there');
  await go;
}

const run = async ({ name, by }, { step, call }) => {
  try {
    await at('begin');
    await step('before', trade.note, { name: `${name} before`, by: 1 });
    await at('behind the step');
    const { count } = await call('hold', stock.hold, { name, by });
    await at('behind the call');
    await step('behind', trade.note, { name: `${name} behind`, by: count });
    await at('end');
    return { name, count };
  } finally {
    process.send('ended');
  }
};

const ADD = `INSERT INTO counters (name, count) VALUES ($1, $2)
  ON CONFLICT (name) DO UPDATE SET count = counters.count + excluded.count RETURNING count`;
const note = async ({ name, by }, { tx }) => {
  const { rows } = await tx.query(ADD, [name, by]);
  await at(name.endsWith('before') ? 'in the step' : 'in the last step');
  return { name, count: rows[0].count };
};

const pool = new Pool({ connectionString: DATABASE_URL, max: 10, pipeline: true });
pool.on('error', () => undefined);
pool.on('connect', (client) => client.on('error', () => undefined));

async function transaction(work) {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const result = await work({ pipelined: true, query: (text, values) => client.query(text, values) });
    const { command: ended } = await client.query('COMMIT');
    if (ended !== 'COMMIT') throw new Error('COMMIT rolled back');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}

const server = { name: 'trade', url: DATABASE_URL, transaction };
const database = {
  transaction: (_bucket, work) => transaction(work),
  transactionOver: (_buckets, work) => transaction(work),
  servers: () => [server],
  bucketOf: () => 0,
  isTransient,
};

const brokers = BROKERS.split(',');
const port = await openKafka({ brokers, client: 'platformatic', clientId: CLONE, logger });
const messaging = {
  brokers,
  client: 'platformatic',
  topicPrefix: PREFIX,
  service: 'trade',
  clone: CLONE,
  replicationFactor: 1,
  partitions: 4,
  logger,
};
const background = createBackground({ port, options: messaging, database, contract: trade, subscriptions: [] });
const binding = {
  contract: trade,
  operations: bindOperations(
    trade,
    new Map([
      ['sellForSure', { run }],
      ['note', { handle: note }],
    ]),
  ),
  executor: background.executor,
  flows: background.flows,
  calls: new ServiceCalls(port, messaging, [stock]),
  isTransient,
};
const clone = new StoaServer({ port, messaging, bind: async () => ({ binding, background }) });
await new Promise((resolve, reject) => clone.listen((error) => (error ? reject(error) : resolve())));
process.send('ready');

// An orphan of a test that was killed must not stay.
process.once('disconnect', () => process.exit(1));
