import { setTimeout as delay } from 'node:timers/promises';
import { timeouts } from '../../support/load/client.js';
import type { Findings } from '../../support/load/findings.js';
import { Load } from '../../support/load/load.js';
import type { Random } from '../../support/load/random.js';
import { Checks, type Holdings } from './checks.js';
import type { Injection, Fault } from './fault.js';
import { Probe } from './probe.js';
import { Timeline } from './timeline.js';

/** The outcome of a fault for those who shopped meanwhile. */
export interface Outcome {
  readonly fault: string;
  readonly victim: string;
  readonly requests: number;
  /** Requests without a response, or with one that says to try again. */
  readonly failed: number;
  /** Writes that were given up without knowing whether they happened. */
  readonly unknown: number;
  readonly lost: number;
  readonly doubled: number;
  /** Half done, stale, out of order. */
  readonly wrong: number;
  /** Begun, and not decided within a minute. */
  readonly stuck: number;
  /** Until whole journeys succeeded again, from the fault's end (of a kill: from the kill); 0 if none failed. */
  readonly recoveredMs: number | undefined;
  /** The most that it may be, where there is a goal. */
  readonly goalMs: number | undefined;
}

export interface AuditOptions {
  readonly seed: number;
  /** With what the load begins: the short form asks less often. */
  readonly load?: Partial<Parameters<typeof Load.start>[0]>;
  /** How long everybody shops before the first fault: memory is compared with what it was then; 8 s if not given. */
  readonly warmUpMs?: number;
}

/** The time until a lasting fault is healed. */
const HOLD_MS = 4_000;
/** The load goes on for this long before and after. */
const CALM_MS = 1_000;
const RECOVERY_MS = 60_000;
const MOST_FAILED_ELSEWHERE = 0.25;
/** A good client waits longer than the gateway's budget for a response, and gives up some time. */
const TIMEOUTS = { attemptMs: 8_000, wholeMs: 12_000 };

/** Shoppers, operators and probers who go on through all faults; after each, everybody rests and all is checked. */
export class Audit {
  readonly outcomes: Outcome[] = [];
  before: Holdings | undefined;
  after: Holdings | undefined;

  private constructor(
    readonly load: Load,
    readonly timeline: Timeline,
    private readonly probe: Probe,
    private readonly checks: Checks,
  ) {}

  static async start({ seed, load: more = {}, warmUpMs = CALM_MS * 8 }: AuditOptions): Promise<Audit> {
    Object.assign(timeouts, TIMEOUTS);
    const timeline = new Timeline();
    const load = await Load.start({ stocked: 4, buyers: 4, ...more, seed });
    // Behind the load: who reads events then reads those of the probers from their first on.
    const probe = await Probe.start();
    const audit = new Audit(load, timeline, probe, await Checks.start(load.findings));
    await audit.warmUp(warmUpMs);
    return audit;
  }

  get findings(): Findings {
    return this.load.findings;
  }

  /** Lets one fault happen, waits until it is over, and checks everything. */
  async run(fault: Fault, random: Random): Promise<Outcome> {
    // Processes that the last fault ended start again: on a small machine, that slows this one's recovery.
    await this.checks.stackIsWhole();
    const count = this.counter();
    const { probe, timeline, load } = this;
    load.work();
    await probe.begin();
    await delay(CALM_MS);
    let injection: Injection | undefined;
    let recoveredMs: number | undefined;
    try {
      injection = await fault.inject(random);
      const over = await healed(injection, fault.holdMs);
      if (fault.shard) this.othersWereServed(fault.name, probe.failuresElsewhere(fault.shard, injection.at, over));
      recoveredMs = await probe.recovered(over, RECOVERY_MS);
      timeline.mark(fault.name, injection.at, over + (recoveredMs ?? RECOVERY_MS));
      await delay(CALM_MS);
    } finally {
      probe.end();
      await load.rest();
    }
    if (recoveredMs === undefined)
      this.findings.violation(`${fault.name}: no recovery within ${RECOVERY_MS / 1_000} s`);
    const { failed } = count();
    if (fault.isSmooth && failed > 0) this.findings.violation(`${fault.name}: ${failed} requests failed`);
    await injection.verify?.().catch((error: unknown) => this.findings.violation(`${fault.name}: ${String(error)}`));
    await this.examine();
    const outcome = { fault: fault.name, victim: injection.victim, ...count(), recoveredMs, goalMs: fault.goalMs };
    this.outcomes.push(outcome);
    return outcome;
  }

  /** After the last fault. @returns everything that was found. */
  async finish(): Promise<Findings> {
    this.load.work();
    await delay(CALM_MS * 3);
    await this.load.rest();
    await this.examine();
    if (this.before) this.after = await this.checks.nothingLeaked(this.before);
    return this.findings;
  }

  /** Ends everything, also after a failure. */
  async stop(): Promise<void> {
    this.probe.end();
    this.timeline.stop();
    await this.load.stop();
    await this.checks.close();
  }

  /** Caches, pools and heaps fill before anything is measured. */
  private async warmUp(ms: number): Promise<void> {
    await this.probe.begin();
    await delay(ms);
    this.probe.end();
    await this.load.rest();
    await this.examine();
    this.before = await this.checks.holdings();
  }

  /** A slow machine may fail a journey here or there; a shard that takes others with it fails most of theirs. */
  private othersWereServed(fault: string, { journeys, failed }: { journeys: number; failed: number }): void {
    if (failed <= journeys * MOST_FAILED_ELSEWHERE) return;
    this.findings.violation(`${fault}: ${failed} of ${journeys} journeys of other shards' customers failed`);
  }

  private async examine(): Promise<void> {
    await this.load.examine();
    await this.checks.queuesAreEmpty();
    await this.checks.stockAddsUp();
  }

  /** @returns what has come since, once it is called. */
  private counter(): () => Omit<Outcome, 'fault' | 'victim' | 'recoveredMs' | 'goalMs'> {
    const now = () => ({
      requests: this.timeline.requests,
      failed: this.timeline.failed,
      unknown: this.findings.counts['unknown'] ?? 0,
      ...this.findings.kinds,
    });
    const before = now();
    return () => {
      const after = now();
      const since = (key: keyof typeof after): number => after[key] - before[key];
      return {
        requests: since('requests'),
        failed: since('failed'),
        unknown: since('unknown'),
        lost: since('lost'),
        doubled: since('doubled'),
        wrong: since('wrong'),
        stuck: since('stuck'),
      };
    };
  }
}

/** @returns when the fault was over, of performance.now() */
async function healed({ at, heal }: Injection, holdMs = HOLD_MS): Promise<number> {
  if (!heal) return at;
  await delay(holdMs);
  await heal();
  return performance.now();
}
