/** One clone of a service with one query, to measure the transport with validation, traces and all. */
import { bindOperations } from '@stoa/messaging/testing';
import { StoaServer } from '@stoa/messaging';
import { openKafka } from '@stoa/kafka';
import { echo, rpcOptions } from './rpc-contract.js';

const options = rpcOptions('echo', 'echo-1');
const port = await openKafka({ ...options, clientId: options.clone });
const operations = bindOperations(echo, new Map([['read', { handle: async (input: object) => input }]]));
const executor = { execute: () => Promise.reject(new Error('this service has no commands')) };
const server = new StoaServer({
  port,
  messaging: options,
  bind: async () => ({ binding: { contract: echo, operations, executor, isTransient: () => false } }),
});
await new Promise<void>((resolve, reject) => {
  void server.listen((error) => (error ? reject(error as Error) : resolve()));
});
process.send?.('ready');
process.once('SIGTERM', () => {
  void server
    .close()
    .then(() => port.close())
    .then(() => process.exit(0));
});
