// A clone of the service `echo` as a process of its own, for tests that kill or freeze one. Serves the built package.
import { command, service } from '@stoa/contract-kit';
import { bindOperations } from '../dist/server/binding.js';
import { StoaServer } from '@stoa/messaging';
import { openKafka } from '@stoa/kafka';
import { z } from 'zod';

const { PREFIX, BROKERS, CLONE, SLOW_MS = '0' } = process.env;
const logger = {
  debug() {},
  info() {},
  warn() {},
  error: (fields, message) => process.stderr.write(`${message} ${fields.err}\n`),
};
const Input = z.object({ name: z.string(), n: z.int() });
const echo = service(
  'echo',
  { version: 3, title: 'Echo', description: 'For tests' },
  {
    add: command({
      summary: 'Add one',
      caller: 'anyone',
      key: 'input.name',
      input: Input,
      output: Input.extend({ by: z.string() }),
    }),
  },
);

const brokers = BROKERS.split(',');
const port = await openKafka({ brokers, client: 'platformatic', clientId: CLONE, logger });
const handle = async ({ name, n }) => {
  await new Promise((resolve) => setTimeout(resolve, Number(SLOW_MS)));
  return { name, n, by: CLONE };
};
const executor = {
  execute: async ({ handler }, request) => ({ ok: true, body: JSON.stringify(await handler.handle(request.input)) }),
};
const operations = bindOperations(echo, new Map([['add', { handle }]]));
const server = new StoaServer({
  port,
  messaging: {
    brokers,
    client: 'platformatic',
    topicPrefix: PREFIX,
    service: 'echo',
    clone: CLONE,
    replicationFactor: 1,
    partitions: 4,
    logger,
  },
  bind: async () => ({ binding: { contract: echo, operations, executor, isTransient: () => false } }),
});
await new Promise((resolve, reject) => server.listen((error) => (error ? reject(error) : resolve())));
process.send('ready');

process.once('SIGTERM', async () => {
  await server.close();
  await port.close();
  process.exit(0);
});
// An orphan of a test that was killed must not stay.
process.once('disconnect', () => process.exit(1));
