import { setTimeout as delay } from 'node:timers/promises';
import { Mover } from '@stoa/sharding';
import { STEPS, type Step } from '@stoa/sharding/testing';
import { quantile } from '../quantile.js';
import { profileStorage, type Customers } from './apps.js';
import { startCluster, type Cluster, type OpenKeyspace } from './cluster.js';
import { fillCustomers } from './fill.js';
import { changeOne, someone, through } from './points.js';

const BUCKETS = 64;
const PAUSE_MS = 20;
const MOVES = 6;

/** A write to a moving bucket: when it began, and how long it took. */
interface Write {
  readonly at: number;
  readonly ms: number;
}

/** Writes to the buckets that move: one customer per writer at a time, with a pause; versions must never go back. */
class Writers {
  readonly writes: Write[] = [];
  private readonly stopping = new AbortController();
  private readonly running: Promise<unknown>;

  constructor(customers: Customers, open: OpenKeyspace, ids: readonly string[], count: number) {
    const transact = through(open.database);
    const writer = async (own: readonly string[]): Promise<void> => {
      const versions = new Map<string, number>();
      for (let n = 0; !this.stopping.signal.aborted; n += 1) {
        const id = own[n % own.length] ?? '';
        const at = performance.now();
        const version = await changeOne(customers, transact, id);
        this.writes.push({ at, ms: performance.now() - at });
        if (version <= (versions.get(id) ?? 0)) throw new Error(`customer ${id} lost a write`);
        versions.set(id, version);
        await delay(PAUSE_MS);
      }
    };
    this.running = Promise.all(
      Array.from({ length: count }, (_, w) => writer(ids.filter((_id, index) => index % count === w))),
    );
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }
}

function waits(name: string, ms: readonly number[]): void {
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => quantile(ms, share).toFixed(1));
  console.log(
    `  ${name.padEnd(42)} ${String(ms.length).padStart(7)} writes, p50 ${p50} ms, p99 ${p99} ms, max ${max} ms`,
  );
}

/** Moves 64 buckets to and fro while so many writers change customers in just these buckets. */
export async function benchMove(options: { customers: number; connections: number }): Promise<void> {
  const { customers, connections } = options;
  const cluster = await startCluster(2);
  try {
    const profile = await profileStorage();
    const open = await cluster.open(profile.keyspace);
    await fillCustomers(open, 1, customers);
    const { database } = open;
    const buckets = Array.from({ length: BUCKETS }, (_, n) => n);
    const ids = Array.from({ length: 20_000 }, (_, n) => someone(n, customers)).filter(
      (id) => database.bucketOf(id) < BUCKETS,
    );
    const storage = new profile.Customers(database);
    const quiet = new Writers(storage, open, ids, connections);
    await delay(5_000);
    await quiet.stop();
    console.log(
      `\nMoving ${BUCKETS} of 1,024 buckets of ${customers.toLocaleString('en')} customers, ${connections} writers in them`,
    );
    waits(
      'before any move',
      quiet.writes.map(({ ms }) => ms),
    );
    const writers = new Writers(storage, open, ids, connections);
    const fenced: Write[] = [];
    const spans: Times[] = [];
    try {
      for (let n = 0; n < MOVES; n += 1) spans.push(await moveOnce(cluster, buckets, n % 2 === 0));
    } finally {
      await writers.stop();
    }
    for (const write of writers.writes) {
      if (spans.some(({ from, to }) => write.at < to && write.at + write.ms > from)) fenced.push(write);
    }
    waits(
      `during ${MOVES} moves`,
      writers.writes.map(({ ms }) => ms),
    );
    waits(
      'of these, those that met a closed fence',
      fenced.map(({ ms }) => ms),
    );
    console.log(`  of a move, ms (median): ${STEPS.map((step) => `${step} ${median(spans, step)}`).join(', ')}`);
  } finally {
    await cluster.stop();
  }
}

/** When the buckets could not be written, and how long each step of the move took. */
interface Times {
  readonly from: number;
  readonly to: number;
  readonly steps: ReadonlyMap<Step, number>;
}

const median = (moves: readonly Times[], step: Step): number =>
  Math.round(
    quantile(
      moves.map(({ steps }) => steps.get(step) ?? 0),
      0.5,
    ),
  );

async function moveOnce({ directoryAdminUrl }: Cluster, buckets: readonly number[], there: boolean): Promise<Times> {
  const [began, ended] = [new Map<Step, number>(), new Map<Step, number>()];
  // A fence that had to be lifted is closed again: the last time counts.
  const onStep = (step: Step, when: 'before' | 'after'): void =>
    void (when === 'before' ? began : ended).set(step, performance.now());
  const mover = new Mover({ directoryUrl: directoryAdminUrl, hooks: { onStep } });
  const from = there ? 'shard1' : 'shard2';
  const to = there ? 'shard2' : 'shard1';
  const id = await mover.planMove({ keyspace: 'profile', buckets, from, to });
  const { info } = await mover.runMove(id);
  const between = (first: Step, last: Step): number => (ended.get(last) ?? 0) - (began.get(first) ?? 0);
  const copy = between('create publication', 'wait for copy');
  const rows = info.rows ?? 0;
  const retries = info.fenceRetries ? ` (at try ${info.fenceRetries + 1})` : '';
  console.log(
    `  ${from} to ${to}: ${rows} rows copied in ${Math.round(copy)} ms, ${Math.round((rows / copy) * 1000)} rows/s; ` +
      `fence closed for ${info.fencedMs} ms${retries}; all in ${Math.round(between('check servers', 'forget'))} ms`,
  );
  const steps = new Map(STEPS.map((step) => [step, between(step, step)]));
  return { from: began.get('fence') ?? 0, to: ended.get('activate destination') ?? 0, steps };
}
