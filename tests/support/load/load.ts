import { eventually } from '@stoa/testing';
import { pause } from '@stoa/timing';
import { newProduct } from '../shop.js';
import { Buyers } from './buyers.js';
import { ask, GaveUp } from './client.js';
import { EventReader } from './events.js';
import { Findings, type Complaint } from './findings.js';
import { Random } from './random.js';
import { RollCall } from './roll-call.js';
import { cartSeen, linesOf, mustBe, profileSeen, Shopper, signInOperator, type Line } from './shopper.js';
import { StockKeepers } from './stock.js';
import type { Seen, Track } from './track.js';
import { Writes } from './writes.js';

export interface LoadOptions {
  readonly seed: number;
  /** With a profile and a cart. */
  readonly customers?: number;
  /** With a cart only: they cost no hashing of passwords. */
  readonly guests?: number;
  readonly writers?: number;
  readonly readers?: number;
  /** Between two requests of a writer or reader. */
  readonly pauseMs?: number;
  /** Products whose stock operators adjust. */
  readonly stocked?: number;
  /** Guests who buy, one purchase after the other. */
  readonly buyers?: number;
  /** Whether an operator lists all customers again and again; an operator may do so 30 times a minute. */
  readonly rollCalls?: boolean;
}

const DEFAULTS = {
  customers: 12,
  guests: 24,
  writers: 6,
  readers: 2,
  pauseMs: 20,
  stocked: 0,
  buyers: 0,
  rollCalls: true,
};
/** Each costs the hashing of a password. */
const REGISTER_EVERY_MS = 1_000;
const ADJUST_EVERY_MS = 200;
const BUY_EVERY_MS = 300;
const PRICES = [100, 200, 300, 400, 500, 600];

/**
 * Shops through the load balancer without pause and keeps a model of all that was acknowledged: registrations, profile
 * changes, cart writes and reads; operators who count customers and adjust stock; and a reader of the topics of events.
 */
export class Load {
  readonly shoppers: Shopper[] = [];
  private stopping = new AbortController();
  private working: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly findings: Findings,
    private readonly options: LoadOptions & typeof DEFAULTS,
    private readonly random: Random,
    private readonly skus: readonly string[],
    private readonly writes: Writes,
    private readonly rollCall: RollCall,
    private readonly events: EventReader,
    private readonly keepers: StockKeepers,
    private readonly buyers: Buyers,
  ) {}

  static async start(options: LoadOptions): Promise<Load> {
    const findings = new Findings();
    const random = new Random(options.seed);
    const { skus } = await newProduct(await signInOperator(), PRICES);
    const writes = new Writes(findings, random, skus);
    const events = await EventReader.start(findings);
    const all = { ...DEFAULTS, ...options };
    const keepers = await StockKeepers.start(findings, random, all.stocked);
    for (const { handle, track } of keepers.items) events.knowProduct(handle, track);
    const buyers = await Buyers.start(findings, random, all.buyers);
    const load = new Load(findings, all, random, skus, writes, new RollCall(findings), events, keepers, buyers);
    await load.fill();
    load.work();
    return load;
  }

  /** Waits until so much was done: on a slow machine what goes on beside may be over before. */
  reaches(what: string, count: number): Promise<void> {
    const enough = (): void => {
      const done = this.findings.counts[what] ?? 0;
      if (done <= count) throw new Error(`${done} ${what}, and more than ${count} are wanted`);
    };
    return eventually(enough, { timeoutMs: 120_000 });
  }

  /** Everybody finishes what they do, and does nothing more until `work`. */
  async rest(): Promise<void> {
    this.stopping.abort();
    await this.working;
  }

  /** At rest: what was given up is settled, and everything that can be read is what the model says. */
  async examine(): Promise<void> {
    await this.rollCall.settle();
    await this.keepers.examine();
    await this.buyers.examine();
    const left = [...this.shoppers];
    const next = async (): Promise<void> => {
      for (let shopper = left.pop(); shopper; shopper = left.pop()) {
        await this.writes.settle(shopper);
        await this.compare(shopper, 'cart');
        if (shopper.profile) await this.compare(shopper, 'profile');
      }
    };
    await Promise.all([next(), next(), next(), next()]);
    await this.events.catchUp();
  }

  /** Ends the load and checks everything that it knows. @returns what was found on the way and in the end. */
  async stop(): Promise<Findings> {
    await this.rest();
    await this.examine();
    await this.rollCall.finish(this.shoppers, this.skus);
    await this.events.close();
    return this.findings;
  }

  private async fill(): Promise<void> {
    const { customers, guests } = this.options;
    const make = [
      ...Array.from({ length: customers }, () => Shopper.customer),
      ...Array.from({ length: guests }, () => Shopper.guest),
    ];
    // A few at a time: hashing passwords is costly on purpose.
    const next = async (): Promise<void> => {
      for (let maker = make.pop(); maker; maker = make.pop()) {
        // Set-up, which nothing is concluded from: on a busy machine the hash of a password may take longer than a
        // budget.
        const shopper = await eventually(maker, { timeoutMs: 300_000, passes: (error) => error instanceof GaveUp });
        this.events.know(shopper);
        if (shopper.email !== undefined) this.rollCall.expect(shopper.id, shopper.email);
        await this.writes.first(shopper);
        this.shoppers.push(shopper);
      }
    };
    await Promise.all([next(), next(), next(), next()]);
  }

  work(): void {
    this.stopping = new AbortController();
    const { writers, readers, rollCalls } = this.options;
    const writer = (n: number): Promise<void> => this.repeat(() => this.write(n));
    const reader = (): Promise<void> => this.repeat(() => this.read(this.random.pick(this.shoppers)));
    this.working = Promise.all([
      ...Array.from({ length: writers }, (_, n) => writer(n)),
      ...Array.from({ length: readers }, reader),
      this.repeat(() => this.rollCall.register(), REGISTER_EVERY_MS),
      ...(rollCalls ? [this.repeat(() => this.rollCall.call(), REGISTER_EVERY_MS)] : []),
      ...this.buyers.shoppers.map((buyer) => this.repeat(() => this.buyers.buy(buyer), BUY_EVERY_MS)),
      ...this.keepers.items.map((item) => this.repeat(() => this.keepers.adjust(item), ADJUST_EVERY_MS)),
    ]);
  }

  /** Until the load is stopped. What goes wrong is found wrong, and the work goes on. */
  private async repeat(work: () => Promise<unknown>, pauseMs = this.options.pauseMs): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await work();
      } catch (error) {
        if (error instanceof GaveUp) this.findings.count('given up');
        else this.findings.violation(error instanceof Error ? (error.stack ?? error.message) : String(error));
      }
      await pause(pauseMs, signal);
    }
  }

  /** Each shopper has one writer: two would not know what the other one wrote. */
  private async write(writer: number): Promise<void> {
    const mine = this.shoppers.filter((shopper, n) => n % this.options.writers === writer && !shopper.isInDoubt);
    if (mine.length > 0) await this.writes.some(this.random.pick(mine));
  }

  /** A read that begins after a write was acknowledged sees it, and nobody ever reads what was not written. */
  private async read(
    shopper: Shopper,
    what: 'profile' | 'cart' = this.random.pick(['profile', 'cart']),
  ): Promise<{ track: Track; seen: Seen; lines: readonly Line[]; complaint: Complaint | undefined }> {
    const { id, bucket, profile, cart } = shopper;
    const [path, track, seenOf] =
      what === 'profile' && profile
        ? (['/v1/me', profile, profileSeen] as const)
        : (['/v1/cart', cart, cartSeen] as const);
    const oldest = track.acknowledged;
    const { body } = mustBe(200, await ask({ method: 'GET', path, token: await shopper.token() }));
    this.findings.count('reads');
    const seen = seenOf(body);
    const complaint = track.complaint(seen, oldest);
    if (complaint)
      this.findings.violation(`GET ${path} of ${id} in bucket ${bucket}: ${complaint.text}`, complaint.kind);
    return { track, seen, lines: track === cart ? linesOf(body) : shopper.lines, complaint };
  }

  /** As `read`, at rest. After a complaint the model learns how it is, so that the same is not complained of again. */
  private async compare(shopper: Shopper, what: 'profile' | 'cart'): Promise<void> {
    const { track, seen, lines, complaint } = await this.read(shopper, what);
    if (!complaint && !track.isInDoubt) return;
    track.adopt(seen);
    shopper.lines = lines;
  }
}

/** Runs work while the load goes on. @returns what the load found in the end. */
export async function underLoad(options: LoadOptions, work: (load: Load) => Promise<void>): Promise<Findings> {
  const load = await Load.start(options);
  let findings: Findings | undefined;
  try {
    await work(load);
  } finally {
    // Also after a failure: no load outlives its test.
    findings = await load.stop();
  }
  return findings;
}
