import { setTimeout as delay } from 'node:timers/promises';
import { measure, type Figures, type Headers, type Step } from '../load.js';
import { Shop } from '../overload/shop.js';
import { clonesOf, startStack, type Process, type Stack } from '../stack.js';
import { CpuCap } from './cpu-cap.js';

/** Of one core, so that two cores are enough for the fullest stack and the load. */
const SHARE = 0.06;
const COUNTS = [1, 2, 4];
/** With so many, one is slowed and one is frozen. */
const THREE = 3;
const SLOWED_TO = 1 / 2;
const WARM_SECONDS = 2;
const SECONDS = 8;
const FREEZE_AFTER_MS = 2_000;

interface Subject {
  readonly app: 'catalog' | 'cart' | 'gateway';
  readonly next: (shop: Shop) => Step;
  /** The header that names the clone which responded. */
  readonly header: 'Stoa-Served-By' | 'Stoa-Gateway';
}

const SUBJECTS: readonly Subject[] = [
  { app: 'catalog', next: ({ read }) => read(), header: 'Stoa-Served-By' },
  { app: 'cart', next: ({ add }) => add(), header: 'Stoa-Served-By' },
  { app: 'gateway', next: ({ cached }) => cached(), header: 'Stoa-Gateway' },
];

/** Responses by clone. */
type Tally = Map<string, number>;

interface Run {
  readonly figures: Figures;
  readonly tally: Tally;
}

/**
 * Holds each clone of one service after the other to a small share of a core. Shows the throughput of more of them, how
 * evenly they get requests, how many a slower one gets, and the outcome of a frozen one's work.
 */
export async function benchClones({ connections }: { connections: number }): Promise<void> {
  const stack = await startStack();
  try {
    const shop = await Shop.open(stack);
    for (const subject of SUBJECTS) await examine(stack, shop, subject, connections);
    if (!(await shop.isAsAcknowledged())) process.exitCode = 1;
  } finally {
    await stack.stop();
  }
}

async function examine(stack: Stack, shop: Shop, subject: Subject, connections: number): Promise<void> {
  const { app } = subject;
  const before = clonesOf(app, await stack.processes()).length;
  const run = (seconds: number): Promise<Run> => load(stack, shop, subject, connections, seconds);
  console.log(`\n${app}: each clone has ${SHARE * 100} % of a core, ${connections} connections`);
  let one = 0;
  for (const count of COUNTS) {
    await stack.setClones(app, count);
    const clones = clonesOf(app, await stack.processes());
    const { figures, tally } = await capped(
      clones.map(({ pid }) => [pid, SHARE]),
      () => run(SECONDS),
      run,
    );
    one ||= figures.perSecond;
    const growth = (figures.perSecond / one).toFixed(2);
    console.log(`  ${count}: ${numbers(figures)}, ${growth} times one; shares ${shares(tally)}`);
  }
  await stack.setClones(app, THREE);
  const clones = clonesOf(app, await stack.processes());
  await slowed(clones, run);
  await frozen(clones, run);
  await stack.setClones(app, before);
}

async function slowed(clones: readonly Process[], run: (seconds: number) => Promise<Run>): Promise<void> {
  const pids = clones.map(({ pid }, n) => [pid, n === 0 ? SHARE * SLOWED_TO : SHARE] as const);
  const { figures, tally } = await capped(pids, () => run(SECONDS), run);
  console.log(`  ${clones[0]?.name} slowed to half of that: ${numbers(figures)}; shares ${shares(tally)}`);
}

/** No cap: it matters whether the work is done, not how much of it. */
async function frozen(clones: readonly Process[], run: (seconds: number) => Promise<Run>): Promise<void> {
  const [victim] = clones;
  if (!victim) return;
  const running = run(SECONDS);
  await delay(FREEZE_AFTER_MS);
  process.kill(victim.pid, 'SIGSTOP');
  try {
    const { figures, tally } = await running;
    const { max, errors, complaints } = figures;
    console.log(
      `  ${victim.name} frozen after 2 of ${SECONDS} s: ${numbers(figures)}, longest ${max} ms; shares ${shares(tally)}`,
    );
    console.log(`    ${errors} failed`, ...complaints.slice(0, 2));
  } finally {
    process.kill(victim.pid, 'SIGCONT');
  }
}

/** Warms up under the cap, then measures. */
async function capped(
  pids: readonly (readonly [number, number])[],
  work: () => Promise<Run>,
  warm: (seconds: number) => Promise<Run>,
): Promise<Run> {
  const cap = CpuCap.on(new Map(pids));
  try {
    await warm(WARM_SECONDS);
    return await work();
  } finally {
    await cap.lift();
  }
}

async function load(stack: Stack, shop: Shop, subject: Subject, connections: number, seconds: number): Promise<Run> {
  const tally: Tally = new Map();
  const next = (): Step => {
    const step = subject.next(shop);
    const check = (status: number, body: string, headers: Headers): string | undefined => {
      const clone =
        String(headers[subject.header] ?? headers[subject.header.toLowerCase()] ?? 'none').split('@')[0] ?? '';
      if (status < 500) tally.set(clone, (tally.get(clone) ?? 0) + 1);
      return step.check(status, body, headers);
    };
    return { ...step, check };
  };
  return { figures: await measure({ url: stack.url, connections, amount: { seconds }, next }, []), tally };
}

const numbers = ({ perSecond, p50, p99, errors }: Figures): string =>
  `${Math.round(perSecond)} a second, p50 ${p50} ms, p99 ${p99} ms${errors > 0 ? `, ${errors} FAILED` : ''}`;

/** Of each clone, in percent. */
function shares(tally: Tally): string {
  const sum = [...tally.values()].reduce((total, each) => total + each, 0);
  return [...tally]
    .toSorted(([one], [other]) => one.localeCompare(other))
    .map(([clone, count]) => `${clone} ${((count / sum) * 100).toFixed(1)} %`)
    .join(', ');
}
