import { randomUUID } from 'node:crypto';
import { eventually } from '@stoa/testing';
import { newProduct, type Body } from '../shop.js';
import { ask, GaveUp, type Request } from './client.js';
import type { Findings } from './findings.js';
import type { Random } from './random.js';
import { mustBe, signInOperator } from './shopper.js';
import { Track, type Seen } from './track.js';

/** A product whose stock operators adjust. */
interface Item {
  readonly handle: string;
  readonly sku: string;
  readonly track: Track;
  stock: number;
  /** Nobody knows whether it happened. */
  unknown?: Adjustment;
}

interface Adjustment {
  readonly request: Request;
  readonly stock: number;
}

/** A cached response is at most 1 s old; the rest is for a busy machine. */
const CACHED_MS = 20_000;
const SIGN_IN_EVERY_MS = 8 * 60_000;
const FIRST_STOCK = 100;

/** Operators who count what is in stock: each item has one of them, who knows what the stock must be. */
export class StockKeepers {
  readonly items: Item[] = [];
  private signedInAt = performance.now();

  private constructor(
    private readonly findings: Findings,
    private readonly random: Random,
    private token: string,
  ) {}

  /** @param count of items */
  static async start(findings: Findings, random: Random, count: number): Promise<StockKeepers> {
    const token = await signInOperator();
    const keepers = new StockKeepers(findings, random, token);
    for (let n = 0; n < count; n += 1) {
      const { handle, skus } = await newProduct(token);
      const track = new Track({ version: 1, state: String(FIRST_STOCK) });
      keepers.items.push({ handle, sku: skus[0] ?? '', track, stock: FIRST_STOCK });
    }
    return keepers;
  }

  /** Some adjustment of an item that nobody is in doubt about. */
  async adjust(item: Item): Promise<void> {
    if (item.track.isInDoubt) return;
    const delta = item.stock > 50 && this.random.int(2) === 0 ? -this.random.int(50) - 1 : this.random.int(50) + 1;
    const stock = item.stock + delta;
    const path = `/v1/variants/${item.sku}/stock-adjustments`;
    const adjustment = { request: { method: 'POST', path, body: { delta }, key: randomUUID() }, stock };
    item.track.begin(String(stock));
    try {
      await this.send(item, adjustment);
    } catch (error) {
      if (!(error instanceof GaveUp)) throw error;
      this.findings.count('unknown');
      item.track.giveUp();
      item.unknown = adjustment;
    }
  }

  /** With nobody at work: unknown adjustments are sent again, and each item's stock must be what the model says. */
  async examine(): Promise<void> {
    for (const item of this.items) {
      if (item.unknown) await this.send(item, item.unknown);
      delete item.unknown;
      await this.compare(item);
    }
  }

  private async send(item: Item, { request, stock }: Adjustment): Promise<void> {
    const response = await ask({ ...request, token: await this.operator() });
    const complaint =
      response.status === 201
        ? item.track.complaint(seenOf(response.body), item.track.acknowledged + 1)
        : { kind: 'wrong' as const, text: `had the response ${response.status}: ${response.text.slice(0, 200)}` };
    if (complaint) {
      this.findings.violation(`stock of ${item.sku} (key ${request.key}): ${complaint.text}`, complaint.kind);
      item.track.giveUp();
      return;
    }
    item.track.acknowledge();
    item.stock = stock;
    this.findings.count('writes');
  }

  private async compare(item: Item): Promise<void> {
    const { track, handle, sku } = item;
    const read = async (): Promise<Seen & { stock: number }> => {
      const { body } = mustBe(200, await ask({ method: 'GET', path: `/v1/products/${handle}` }));
      const [variant] = body.variants as unknown as { stock: number }[];
      return { ...seenOf({ ...body, stock: variant?.stock ?? Number.NaN }), stock: variant?.stock ?? 0 };
    };
    const complaintOf = (seen: Seen) => track.complaint(seen, track.acknowledged);
    let seen = await read();
    await eventually(
      async () => {
        seen = await read();
        if (complaintOf(seen)) throw new Error('may be cached');
      },
      { timeoutMs: CACHED_MS },
    ).catch(() => undefined);
    this.findings.count('reads');
    const complaint = complaintOf(seen);
    if (complaint) this.findings.violation(`stock of ${sku}: ${complaint.text}`, complaint.kind);
    if (!complaint && !track.isInDoubt) return;
    track.adopt(seen);
    item.stock = seen.stock;
  }

  private async operator(): Promise<string> {
    if (performance.now() - this.signedInAt > SIGN_IN_EVERY_MS) {
      this.token = await signInOperator();
      this.signedInAt = performance.now();
    }
    return this.token;
  }
}

const seenOf = ({ version, stock }: Pick<Body, 'version' | 'stock'>): Seen => ({ version, state: String(stock) });
