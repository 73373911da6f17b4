/** Asks the echo service with a fixed number of requests in flight, checks every answer, and tells its parent the figures. */
import { newId, StoaClient } from '@stoa/messaging';
import { openKafka } from '@stoa/kafka';
import { trace } from '@stoa/service';
import { document, rpcOptions } from './rpc-contract.js';

const [inFlight = 64, requests = 0] = process.argv.slice(2).map(Number);
const options = rpcOptions('bench', 'bench-1');
const port = await openKafka({ ...options, clientId: options.clone });
const client = new StoaClient(port, options);
await client.connect();
const body = JSON.stringify(document);
const caller = { kind: 'guest', customerId: document.id } as const;

/** Milliseconds that one request took. @throws when its answer is wrong */
async function ask(): Promise<number> {
  const started = performance.now();
  const reply = await client.request({
    ...{ service: 'echo', operation: 'read', kind: 'query', key: null, body, id: newId(), caller },
    ...{ budgetMs: 10_000, contractVersion: 1, traceparent: trace.format(trace.child(undefined, '')) },
  });
  if (!reply.ok || reply.body.toString() !== body) throw new Error(`wrong answer: ${reply.body.toString()}`);
  return performance.now() - started;
}

async function load(amount: number): Promise<{ ms: number[]; errors: string[]; seconds: number }> {
  const ms: number[] = [];
  const errors: string[] = [];
  let left = amount;
  const started = performance.now();
  const asker = async (): Promise<void> => {
    while (left-- > 0) {
      try {
        ms.push(await ask());
      } catch (error) {
        errors.push(String(error));
      }
    }
  };
  await Promise.all(Array.from({ length: inFlight }, asker));
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
    const sorted = Float64Array.from(ms).toSorted();
    const at = (share: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
    process.send?.({
      requests: ms.length,
      errors: errors.length,
      complaints: errors.slice(0, 5),
      seconds,
      p50: at(0.5),
      p99: at(0.99),
    });
  });
});
process.send?.('ready');
