import { setTimeout as delay } from 'node:timers/promises';
import { newProduct } from '../shop.js';
import { ask, GaveUp } from './client.js';
import { EventReader } from './events.js';
import { Findings } from './findings.js';
import { Random } from './random.js';
import { RollCall } from './roll-call.js';
import { cartSeen, mustBe, profileSeen, Shopper, signInOperator } from './shopper.js';
import { kafkaBrokers } from '../servers.js';
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
}

const DEFAULTS = { customers: 12, guests: 24, writers: 6, readers: 2, pauseMs: 20 };
/** Each costs the hashing of a password. */
const REGISTER_EVERY_MS = 1_000;
const PRICES = [100, 200, 300, 400, 500, 600];

/**
 * Shops through the load balancer without pause and keeps a model of all that was acknowledged: registrations, profile
 * changes, cart writes and reads; an operator who counts customers; and a reader of the topics of events.
 */
export class Load {
  readonly shoppers: Shopper[] = [];
  private readonly stopping = new AbortController();
  private working: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly findings: Findings,
    private readonly options: LoadOptions & typeof DEFAULTS,
    private readonly random: Random,
    private readonly skus: readonly string[],
    private readonly writes: Writes,
    private readonly rollCall: RollCall,
    private readonly events: EventReader,
  ) {}

  static async start(options: LoadOptions): Promise<Load> {
    const findings = new Findings();
    const random = new Random(options.seed);
    const { skus } = await newProduct(await signInOperator(), PRICES);
    const writes = new Writes(findings, random, skus);
    const events = await EventReader.start(await kafkaBrokers(), findings);
    const all = { ...DEFAULTS, ...options };
    const load = new Load(findings, all, random, skus, writes, new RollCall(findings), events);
    await load.fill();
    load.work();
    return load;
  }

  /** Ends the load and checks everything that it knows. @returns what was found on the way and in the end. */
  async stop(): Promise<Findings> {
    this.stopping.abort();
    await this.working;
    for (const shopper of this.shoppers) {
      await this.read(shopper, 'cart');
      if (shopper.profile) await this.read(shopper, 'profile');
    }
    await this.rollCall.finish(this.shoppers, this.skus);
    await this.events.finish(this.shoppers);
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
        const shopper = await maker();
        this.events.know(shopper);
        if (shopper.email !== undefined) this.rollCall.expect(shopper.id, shopper.email);
        await this.writes.first(shopper);
        this.shoppers.push(shopper);
      }
    };
    await Promise.all([next(), next(), next(), next()]);
  }

  private work(): void {
    const { writers, readers } = this.options;
    const writer = (n: number): Promise<void> => this.repeat(() => this.write(n));
    const reader = (): Promise<void> => this.repeat(() => this.read(this.random.pick(this.shoppers)));
    this.working = Promise.all([
      ...Array.from({ length: writers }, (_, n) => writer(n)),
      ...Array.from({ length: readers }, reader),
      this.repeat(() => this.rollCall.register(), REGISTER_EVERY_MS),
      this.repeat(() => this.rollCall.call(), REGISTER_EVERY_MS),
    ]);
  }

  /** Until the load is stopped. What goes wrong is found wrong, and the work goes on. */
  private async repeat(work: () => Promise<void>, pauseMs = this.options.pauseMs): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        await work();
      } catch (error) {
        if (error instanceof GaveUp) this.findings.count('given up');
        else this.findings.violation(error instanceof Error ? (error.stack ?? error.message) : String(error));
      }
      await delay(pauseMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
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
  ): Promise<void> {
    const { id, bucket, profile, cart } = shopper;
    const [path, track, seen] =
      what === 'profile' && profile
        ? (['/v1/me', profile, profileSeen] as const)
        : (['/v1/cart', cart, cartSeen] as const);
    const oldest = track.acknowledged;
    const { body } = mustBe(200, await ask({ method: 'GET', path, token: await shopper.token() }));
    this.findings.count('reads');
    const complaint = track.complaint(seen(body), oldest);
    if (complaint) this.findings.violation(`GET ${path} of ${id} in bucket ${bucket}: ${complaint}`);
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
