import { measure } from '../load.js';
import { offer, type Outcome } from '../open-load.js';
import { comeBefore } from '../processes.js';
import { quantile } from '../quantile.js';
import { startStack, type Stack } from '../stack.js';
import { Shop } from './shop.js';
import { Watch } from './watch.js';

const CALM_SECONDS = 10;
const OVERLOAD_SECONDS = 20;
const AFTER_SECONDS = 12;
/** The load before and after, as a share of the capacity. */
const CALM_SHARE = 0.4;
/** Reads of the catalog a second, all the time. */
const READS = 20;

interface Options {
  readonly connections: number;
  readonly requests: number;
  readonly times: number;
}

interface Phase {
  readonly seconds: number;
  readonly writes: readonly Outcome[];
  readonly reads: readonly Outcome[];
}

/**
 * Offers the cart several times its capacity while others read the catalog. Shows how long accepted writes waited, how
 * soon the others were refused, the memory it took and when all was well again; checks that accepted writes were done,
 * and refused ones were not.
 */
export async function benchOverload({ connections, requests, times }: Options): Promise<void> {
  const stack = await startStack(['--clones', 'cart=2']);
  try {
    const shop = await Shop.open(stack);
    comeBefore(stack.supervisor);
    const capacity = await capacityOf(stack, shop, connections, requests);
    console.log(`\nCapacity: ${Math.round(capacity)} items into carts a second, over ${connections} connections`);
    const before = await phase(stack, shop, capacity * CALM_SHARE, CALM_SECONDS);
    report(`Before, ${CALM_SHARE} times the capacity`, before);
    const watch = new Watch(await stack.processes());
    await watch.begin();
    report(`Overload, ${times} times the capacity`, await phase(stack, shop, capacity * times, OVERLOAD_SECONDS));
    const endedAt = performance.now();
    const after = await phase(stack, shop, capacity * CALM_SHARE, AFTER_SECONDS);
    report(`After, ${CALM_SHARE} times the capacity`, after);
    console.log(`  ${backAfter(before.writes, after.writes, endedAt)}`);
    await watch.end();
    if (!(await shop.isAsAcknowledged())) process.exitCode = 1;
  } finally {
    await stack.stop();
  }
}

/** Writes a second when each connection waits for its response. */
async function capacityOf(stack: Stack, shop: Shop, connections: number, requests: number): Promise<number> {
  const load = { url: stack.url, connections, next: shop.add };
  await measure({ ...load, amount: { requests: Math.ceil(requests / 2) } }, []);
  const { perSecond, errors, complaints } = await measure({ ...load, amount: { requests } }, []);
  if (errors > 0) throw new Error(`the capacity can't be measured: ${complaints.join('; ')}`);
  return perSecond;
}

async function phase({ url }: Stack, { add, read }: Shop, perSecond: number, seconds: number): Promise<Phase> {
  const [writes, reads] = await Promise.all([
    offer({ url, perSecond, seconds, next: add }),
    offer({ url, perSecond: READS, seconds, next: read }),
  ]);
  return { seconds, writes, reads };
}

function report(title: string, { seconds, writes, reads }: Phase): void {
  const isRefused = ({ status }: Outcome): boolean => status === 503 || status === 429;
  const refused = writes.filter(isRefused);
  const others = writes.filter((write) => write.status !== 201 && !isRefused(write));
  const isFound = ({ status }: Outcome): boolean => status === 404; // the product was never there
  const failed = reads.filter((read) => !isFound(read));
  console.log(`\n${title}: ${Math.round(writes.length / seconds)} writes a second`);
  line(
    'accepted',
    writes.filter(({ status }) => status === 201),
    seconds,
  );
  line('refused', refused, seconds);
  reasons([...refused, ...others]);
  console.log(`    ${refused.filter(({ hasRetryAfter }) => !hasRetryAfter).length} refused without Retry-After`);
  const late = quantile(
    writes.map(({ lateMs }) => lateMs),
    0.99,
  );
  console.log(`  sent late by up to ${Math.round(late)} ms (p99): counted in all of these times`);
  line(`meanwhile, of the catalog (${failed.length} failed)`, reads.filter(isFound), seconds);
  reasons(failed);
}

function reasons(outcomes: readonly Outcome[]): void {
  for (const [why, all] of Map.groupBy(outcomes, reasonOf)) console.log(`    ${all.length} times ${why}`);
}

/** Status and code. */
const reasonOf = ({ status, problem = '' }: Outcome): string =>
  `${status || 'no response'} ${/"code":"(\w+)"/.exec(problem)?.[1] ?? problem}`;

function line(what: string, outcomes: readonly Outcome[], seconds: number): void {
  const times = outcomes.map(({ ms }) => ms);
  const [p50, p99, most] = [0.5, 0.99, 1].map((share) => Math.round(quantile(times, share)));
  console.log(
    `  ${what}: ${(outcomes.length / seconds).toFixed(1)} a second, p50 ${p50} ms, p99 ${p99} ms, most ${most} ms`,
  );
}

/** The first second from which on nothing is refused and writes take at most twice as long as before. */
function backAfter(before: readonly Outcome[], after: readonly Outcome[], endedAt: number): string {
  const usual = quantile(
    before.map(({ ms }) => ms),
    0.99,
  );
  const bad = after.filter(({ status, ms }) => status !== 201 || ms > usual * 2);
  const rest = Math.max(0, ...bad.map(({ at }) => at - endedAt)) / 1_000;
  return `no write after ${rest.toFixed(1)} s was refused or took more than twice the p99 from before (${Math.round(usual)} ms)`;
}
