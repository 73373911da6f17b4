/**
 * Sends queries to the echo service with a fixed number in flight, checks all replies, and sends its parent the
 * figures.
 */
import { newId, StoaClient } from '@stoa/messaging';
import { openKafka } from '@stoa/kafka';
import { trace } from '@stoa/service';
import { quantile } from './quantile.js';
import { document, rpcOptions } from './rpc-contract.js';

const [inFlight = 64, requests = 0] = process.argv.slice(2).map(Number);
const options = rpcOptions('bench', 'bench-1');
const port = await openKafka({ ...options, clientId: options.clone });
const client = new StoaClient(port, options);
await client.connect();
const body = JSON.stringify(document);
const caller = { kind: 'guest', customerId: document.id } as const;

/** Milliseconds that one request took. @throws when its reply is wrong */
async function request(): Promise<number> {
  const started = performance.now();
  const reply = await client.request({
    service: 'echo',
    operation: 'read',
    kind: 'query',
    key: null,
    body,
    id: newId(),
    caller,
    budgetMs: 10_000,
    contractVersion: 1,
    traceparent: trace.format(trace.child(undefined, '')),
  });
  if (!reply.ok || reply.body.toString() !== body) throw new Error(`wrong reply: ${reply.body.toString()}`);
  return performance.now() - started;
}

async function load(amount: number): Promise<{ ms: number[]; errors: string[]; seconds: number }> {
  const ms: number[] = [];
  const errors: string[] = [];
  let left = amount;
  const started = performance.now();
  const sender = async (): Promise<void> => {
    while (left-- > 0) {
      try {
        ms.push(await request());
      } catch (error) {
        errors.push(String(error));
      }
    }
  };
  await Promise.all(Array.from({ length: inFlight }, sender));
  return { ms, errors, seconds: (performance.now() - started) / 1000 };
}

process.on('message', (message) => {
  if (message === 'stop') {
    void client
      .close()
      .then(() => port.close())
      .then(() => process.exit(0));
    return;
  }
  void load(message === 'warm' ? Math.ceil(requests / 5) : requests).then(({ ms, errors, seconds }) => {
    process.send?.({
      requests: ms.length,
      errors: errors.length,
      complaints: errors.slice(0, 5),
      seconds,
      p50: quantile(ms, 0.5),
      p99: quantile(ms, 0.99),
    });
  });
});
process.send?.('ready');
