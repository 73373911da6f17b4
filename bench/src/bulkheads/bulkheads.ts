import { newGuest, skusOf } from '../cart.js';
import type { Step } from '../load.js';
import { offer, type Outcome } from '../open-load.js';
import { quantile } from '../quantile.js';
import { startStack, type Stack } from '../stack.js';
import { openShardProxy, type ShardProxy } from './shard-proxy.js';

const SHARDS = ['shard1', 'shard2'] as const;
type ShardName = (typeof SHARDS)[number];

const GUESTS = 40;
const SECONDS = 20;
/** After each trouble, before the next. */
const PAUSE_SECONDS = 6;
/** In each direction: with the round trips of a transaction, most of a second. */
const SLOW_MS = 150;

interface Load {
  readonly shard: ShardName;
  readonly what: 'add' | 'get';
  readonly perSecond: number;
}

/** @param perSecond requests to the shard in trouble, which is asked for more: its customers try again */
const loadsOf = (perSecond: number): Load[] => [
  { shard: 'shard1', what: 'add', perSecond: perSecond / 4 },
  { shard: 'shard1', what: 'get', perSecond: perSecond / 4 },
  { shard: 'shard2', what: 'add', perSecond: (perSecond * 3) / 4 },
  { shard: 'shard2', what: 'get', perSecond: perSecond / 4 },
];

const TROUBLES: readonly (readonly [string, (link: ShardProxy) => Promise<void> | void])[] = [
  ['dead: nothing listens', ({ proxy }) => proxy.close()],
  ['frozen: connections are accepted, and nothing responds', ({ proxy }) => proxy.freeze()],
  [`slow: ${SLOW_MS} ms each way`, ({ proxy }) => proxy.slow(SLOW_MS)],
];

/**
 * Requests carts of two shards while one of them is well, dead, frozen, slow; shows what each shard's customers see.
 */
export async function benchBulkheads({ requests }: { requests: number }): Promise<void> {
  const stack = await startStack(['--shards', '2']);
  try {
    const loads = loadsOf(requests);
    const steps = await stepsOf(stack);
    const link = await openShardProxy(stack, 'cart', 'shard2');
    try {
      await offerAll(stack, loads, steps, PAUSE_SECONDS);
      report('Both are well', await offerAll(stack, loads, steps, SECONDS));
      for (const [what, begin] of TROUBLES) {
        await begin(link);
        report(`shard2 is ${what}`, await offerAll(stack, loads, steps, SECONDS));
        await link.proxy.restore();
        report(`  the ${PAUSE_SECONDS} s after it`, await offerAll(stack, loads, steps, PAUSE_SECONDS));
      }
    } finally {
      await link.proxy.restore();
      await link.end();
    }
  } finally {
    await stack.stop();
  }
}

type Steps = (shard: ShardName, what: 'add' | 'get') => Step;

/** Guests of each shard, found by who serves them. */
async function stepsOf(stack: Stack): Promise<Steps> {
  const [sku = ''] = await skusOf(stack);
  const body = JSON.stringify({ sku, quantity: 1 });
  const tokens = new Map<string, string[]>(SHARDS.map((shard) => [shard, []]));
  while ([...tokens.values()].some((found) => found.length < GUESTS)) {
    const { token } = await newGuest(stack.url);
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const added = await fetch(`${stack.url}/v1/cart/items`, { method: 'POST', headers, body });
    tokens.get(added.headers.get('stoa-served-by')?.split('@')[1] ?? '')?.push(token);
  }
  let turn = 0;
  return (shard, what) => {
    const headers = { authorization: `Bearer ${tokens.get(shard)?.[turn++ % GUESTS]}` };
    const isRight = (status: number, text: string): string | undefined =>
      status === (what === 'add' ? 201 : 200) ? undefined : `${status} ${text.slice(0, 200)}`;
    return what === 'add'
      ? { method: 'POST', path: '/v1/cart/items', headers, body, check: isRight }
      : { method: 'GET', path: '/v1/cart', headers, check: isRight };
  };
}

async function offerAll(
  { url }: Stack,
  loads: readonly Load[],
  steps: Steps,
  seconds: number,
): Promise<Map<ShardName, Outcome[]>> {
  const offers = loads.map(({ shard, what, perSecond }) =>
    offer({ url, perSecond, seconds, next: () => steps(shard, what) }),
  );
  const outcomes = await Promise.all(offers);
  return new Map(SHARDS.map((shard) => [shard, outcomes.filter((_, n) => loads[n]?.shard === shard).flat()]));
}

function report(title: string, outcomes: ReadonlyMap<ShardName, readonly Outcome[]>): void {
  console.log(`\n${title}`);
  for (const [shard, all] of outcomes) {
    const done = all.filter(({ problem }) => problem === undefined);
    const failed = all.filter(({ problem }) => problem !== undefined);
    const withoutWord = failed.filter(({ hasRetryAfter }) => !hasRetryAfter).length;
    console.log(
      `  ${shard}: ${done.length} done, ${times(done)}; ${failed.length} failed` +
        (failed.length > 0 ? `, ${times(failed)}, ${withoutWord} without Retry-After` : ''),
    );
    for (const [why, those] of Map.groupBy(failed, reasonOf)) console.log(`    ${those.length} times ${why}`);
  }
}

const times = (outcomes: readonly Outcome[]): string =>
  [0.5, 0.99]
    .map(
      (share) =>
        `p${share * 100} ${Math.round(
          quantile(
            outcomes.map(({ ms }) => ms),
            share,
          ),
        )} ms`,
    )
    .join(', ');

/** Status and code. */
const reasonOf = ({ status, problem = '' }: Outcome): string =>
  `${status || 'no response'} ${/"code":"(\w+)"/.exec(problem)?.[1] ?? problem}`;
