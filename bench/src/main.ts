import { parseArguments, reason, wholeNumber } from '@stoa/cli';
import { benchBulkheads } from './bulkheads/bulkheads.js';
import { benchCart } from './cart.js';
import { benchClones } from './clones/clones.js';
import { benchFlash } from './flash/flash.js';
import { benchLimits } from './limits/limits.js';
import { benchOverload } from './overload/overload.js';
import { benchProduct } from './product.js';
import { benchRpc } from './rpc.js';
import { benchAcross } from './sharded/across.js';
import { benchMove } from './sharded/move.js';
import { benchFence, benchShards } from './sharded/points.js';

const WRONG_USE = 2;
const DEFAULTS = { connections: 64, requests: 0, shards: 4, customers: 1_000_000, times: 4 };

const benches = {
  rpc: { run: benchRpc, requests: 60_000 },
  product: { run: benchProduct, requests: 60_000 },
  cart: { run: benchCart, connections: 256, requests: 30_000 },
  clones: { run: benchClones, connections: 32 },
  overload: { run: benchOverload, requests: 4_000 },
  bulkheads: { run: benchBulkheads, requests: 80 },
  flash: { run: benchFlash, requests: 2_000 },
  across: { run: benchAcross, requests: 300 },
  shards: { run: benchShards, requests: 10_000, shards: 0 },
  move: { run: benchMove, connections: 32 },
  fence: { run: benchFence, requests: 5_000, customers: 100_000 },
  limits: { run: benchLimits, requests: 100_000 },
};

const usage = `npm run bench -- rpc | product | cart [--connections N] [--requests N]
npm run bench -- clones [--connections N]
npm run bench -- overload [--times N] [--connections N] [--requests N]
npm run bench -- bulkheads [--requests N]
npm run bench -- flash [--requests N]
npm run bench -- across [--shards N] [--customers N] [--requests N]
npm run bench -- shards [--shards N] [--customers N] [--requests N]
npm run bench -- fence [--customers N] [--requests N]
npm run bench -- move [--customers N] [--connections N]
npm run bench -- limits [--requests N]

  rpc      request/reply over Kafka through the finished transport (connections: requests in flight)
  product  a cached product through HAProxy and the gateway, against bare Fastify
  cart     add to cart, durable
  clones   what more clones do when each has a small share of a core; fair shares; a slow one, a frozen one
  overload several times as many writes as the cart can do: who is served, who is refused, what it does to others
  bulkheads carts of two shards while one of them is dead, frozen, slow: what the customers of each see (requests:
           a second, to the one in trouble; half as many to the other)
  flash    a flash sale: so many buyers (requests) press at once for 100 pieces, while others browse
  across   queries over all shards: pages of 50, counts and sums
  shards   reading and changing one profile, with 1, 2, 4 and 8 shards (or --shards), 1,000 and a million customers
  fence    what the fence, and the indexes of operators' lists, add to a write
  move     how fast rows are copied, and how long writes to the moving buckets wait (connections: writers)
  limits   what a kept reply takes, how fast replies are purged and an outbox is relayed (requests: replies, records)

Prints p50 and p99, CPU milliseconds an operation by process, and errors; all responses are checked.`;

const SYNTAX = {
  command: 'npm run bench',
  words: true,
  options: {
    connections: { type: 'string' },
    requests: { type: 'string' },
    shards: { type: 'string' },
    customers: { type: 'string' },
    times: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
} as const;

/** @returns the exit code @throws CliError */
async function run(args: readonly string[]): Promise<number> {
  const { values, words } = parseArguments(args, SYNTAX);
  const bench = benches[words[0] as keyof typeof benches];
  if (values.help || !bench || words.length > 1) {
    console.log(usage);
    return values.help ? 0 : WRONG_USE;
  }
  const { run: measure, ...own } = bench;
  const defaults = { ...DEFAULTS, ...own };
  const count = (flag: keyof typeof DEFAULTS): number =>
    values[flag] === undefined ? defaults[flag] : wholeNumber(`--${flag}`, values[flag]);
  await measure({
    connections: count('connections'),
    requests: count('requests'),
    shards: count('shards'),
    customers: count('customers'),
    times: count('times'),
  });
  return 0;
}

try {
  const code = await run(process.argv.slice(2));
  // A bench that found something wrong has set the code itself.
  if (code !== 0) process.exitCode = code;
} catch (error) {
  console.error(`bench: ${reason(error)}`);
  process.exitCode = WRONG_USE;
}
