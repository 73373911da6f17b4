import { setTimeout as delay } from 'node:timers/promises';
import { signIn } from '../../support/load/shopper.js';
import { addItem, expectStatus, get, newCustomer, newProduct, operatorToken, send } from '../../support/shop.js';

/** So many customers, so that both shards and all Kafka partitions have some. */
const PROBERS = 6;
const EVERY_MS = 250;
/** A visitor of a shop does not wait longer. */
const TIMEOUT_MS = 2_500;
/** Access tokens are good for longer than this and one fault. */
const SIGN_IN_EVERY_MS = 4 * 60_000;
/** So many journeys in a row make sure that it is over. */
const IN_A_ROW = 4;

interface Journey {
  readonly startedAt: number;
  /** Undefined: still under way. */
  endedAt?: number;
  isWhole?: boolean;
}

interface Prober {
  readonly email: string;
  /** Which Postgres server holds their cart and profile. */
  readonly shard: string | undefined;
  token: string;
  readonly journeys: Journey[];
}

/**
 * Customers who read a product, change their cart and read their profile, four times a second whatever the outcome of
 * their last journey. They never retry: the first whole journeys show when a fault is over.
 */
export class Probe {
  private timer: NodeJS.Timeout | undefined;
  private turn = 0;
  private signedInAt = performance.now();

  private constructor(
    private readonly probers: readonly Prober[],
    private readonly handle: string,
    private readonly sku: string,
  ) {}

  static async start(): Promise<Probe> {
    const { handle, skus } = await newProduct(await operatorToken());
    const sku = skus[0] ?? '';
    const probers: Prober[] = [];
    while (probers.length < PROBERS) {
      const { email, token } = await newCustomer();
      await addItem(sku, 1, token);
      const shard = await shardOf(token);
      // As many on each shard: journeys that one server's failure may break are counted apart from those it may not.
      if (probers.filter((each) => each.shard === shard).length < PROBERS / 2) {
        probers.push({ email, shard, token, journeys: [] });
      }
    }
    return new Probe(probers, handle, sku);
  }

  /** The journeys that ended meanwhile of customers on other shards, and how many of them failed. */
  failuresElsewhere(shard: string, from: number, to: number): { journeys: number; failed: number } {
    const ended = this.probers
      .filter((prober) => prober.shard !== shard)
      .flatMap(({ journeys }) => journeys)
      .filter(({ endedAt = 0 }) => endedAt > from && endedAt <= to);
    return { journeys: ended.length, failed: ended.filter(({ isWhole }) => !isWhole).length };
  }

  async begin(): Promise<void> {
    if (performance.now() - this.signedInAt > SIGN_IN_EVERY_MS) {
      for (const prober of this.probers) prober.token = await signIn(prober.email);
      this.signedInAt = performance.now();
    }
    for (const { journeys } of this.probers) journeys.length = 0;
    const next = (): void => {
      const prober = this.probers[this.turn++ % this.probers.length];
      if (prober) void this.travel(prober);
    };
    this.timer = setInterval(next, EVERY_MS / this.probers.length);
  }

  end(): void {
    clearInterval(this.timer);
  }

  /**
   * Waits until everybody's journeys succeed again.
   * @param since of performance.now()
   * @returns milliseconds from then to the end of the first whole journeys; 0 if none failed; undefined if none came
   */
  async recovered(since: number, timeoutMs: number): Promise<number | undefined> {
    const deadline = performance.now() + timeoutMs;
    while (performance.now() < deadline) {
      const ends = this.probers.map(({ journeys }) => firstWhole(journeys, since));
      if (ends.every((end) => end !== undefined)) return Math.max(0, ...ends.map((end) => end - since));
      await delay(50);
    }
    return undefined;
  }

  private async travel({ token, journeys }: Prober): Promise<void> {
    const journey: Journey = { startedAt: performance.now() };
    journeys.push(journey);
    journey.isWhole = await this.journey(token).then(
      () => true,
      () => false,
    );
    journey.endedAt = performance.now();
  }

  private async journey(token: string): Promise<void> {
    const options = { token, timeoutMs: TIMEOUT_MS };
    const path = `/v1/products/${this.handle}`;
    expectStatus(await send('GET', path, undefined, { timeoutMs: TIMEOUT_MS }), 200);
    const quantity = 1 + (this.turn % 100);
    expectStatus(await send('PATCH', `/v1/cart/items/${this.sku}`, { quantity }, options), 200);
    expectStatus(await send('GET', '/v1/me', undefined, options), 200);
  }
}

/** The shard of the header that names who served a request: `cart-1@shard2`. */
async function shardOf(token: string): Promise<string | undefined> {
  const response = expectStatus(await get('/v1/cart', { token }), 200);
  return response.headers.get('stoa-served-by')?.split('@')[1];
}

/**
 * The end of the first whole journey after which none failed; `since` if none failed; undefined if too few have come.
 */
function firstWhole(journeys: readonly Journey[], since: number): number | undefined {
  const after = journeys.filter(({ endedAt }) => endedAt === undefined || endedAt > since);
  const failed = after.findLastIndex(({ isWhole }) => isWhole === false);
  const whole = after.slice(failed + 1).filter(({ startedAt }) => startedAt > since);
  const row = whole.slice(0, IN_A_ROW);
  if (row.length < IN_A_ROW || row.some(({ isWhole }) => !isWhole)) return undefined;
  return failed < 0 ? since : row[0]?.endedAt;
}
