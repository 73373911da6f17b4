import { parseArgs } from 'node:util';
import { benchCart } from './cart.js';
import { benchProduct } from './product.js';
import { benchRpc } from './rpc.js';

const benches = {
  rpc: { run: benchRpc, connections: 64, requests: 60_000 },
  product: { run: benchProduct, connections: 64, requests: 60_000 },
  cart: { run: benchCart, connections: 64, requests: 20_000 },
};

const usage = `npm run bench -- rpc | product | cart [--connections N] [--requests N]

  rpc      request/reply over Kafka through the finished transport (connections: requests in flight)
  product  a cached product through HAProxy and the gateway, against bare Fastify
  cart     add to cart, durable

Prints requests a second, p50 and p99, CPU milliseconds a request by process, and errors; every answer is checked.`;

/** A whole number from the command line, at least 1. */
function count(flag: string, given: string | undefined, otherwise: number): number {
  if (given === undefined) return otherwise;
  const value = Number(given);
  if (!Number.isInteger(value) || value < 1)
    throw new TypeError(`--${flag} takes a whole number from 1, not '${given}'`);
  return value;
}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { connections: { type: 'string' }, requests: { type: 'string' }, help: { type: 'boolean' } },
  });
  const bench = benches[positionals[0] as keyof typeof benches];
  if (values.help || !bench || positionals.length > 1) {
    console.log(usage);
    process.exitCode = values.help ? 0 : 2;
  } else {
    await bench.run({
      connections: count('connections', values.connections, bench.connections),
      requests: count('requests', values.requests, bench.requests),
    });
  }
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}
