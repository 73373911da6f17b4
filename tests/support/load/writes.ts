import { MAX_QUANTITY } from '@stoa/cart-contract';
import { randomUUID } from 'node:crypto';
import type { ShopResponse, Body } from '../shop.js';
import { ask, GaveUp, type Request } from './client.js';
import type { Complaint, Findings } from './findings.js';
import type { Random } from './random.js';
import { cartSeen, cartState, profileSeen, type Line, type Shopper } from './shopper.js';
import type { Seen, Track } from './track.js';

/** A write that is to succeed, and what it makes. */
interface Write {
  readonly service: 'profile' | 'cart';
  readonly track: Track;
  readonly request: Request;
  readonly status: number;
  readonly state: string;
  readonly seen: (body: Body) => Seen;
  readonly lines?: readonly Line[];
}

interface ExpectedError {
  readonly request: Request;
  readonly status: number;
  readonly code: string;
}

/** Each shopper keeps so many completed writes to send again later. */
const KEPT_RESPONSES = 12;
/** Below the largest quantity of a line. */
const FULL = MAX_QUANTITY - 99;

/** Changes profiles and carts, one write of a shopper at a time, and holds every response against the model. */
export class Writes {
  /** Writes whose outcome is unknown. */
  private readonly unknown = new Map<Shopper, Write>();

  constructor(
    private readonly findings: Findings,
    private readonly random: Random,
    private readonly skus: readonly string[],
  ) {}

  /** Some write: mostly one that succeeds, at times one that must be refused, or one that was completed before. */
  async some(shopper: Shopper): Promise<void> {
    const dice = this.random.int(100);
    if (dice < 5) return this.refused(shopper, this.expectedErrorFor(shopper));
    if (dice < 12 && shopper.completed.length > 0) return this.again(shopper);
    const write =
      shopper.profile && dice < 45 ? this.newName(shopper, shopper.profile) : this.cartChange(shopper, dice);
    return this.perform(shopper, write);
  }

  /** Puts the first item into a new cart: the cart's copy of the catalog may not have the product yet. */
  async first(shopper: Shopper): Promise<void> {
    const deadline = performance.now() + 30_000;
    for (;;) {
      const write = this.add(shopper, this.random.pick(this.skus), 1);
      write.track.begin(write.state);
      const response = await this.send(shopper, write.request);
      if (response.status !== 404 || performance.now() > deadline) return this.accept(shopper, write, response);
      write.track.refuse();
    }
  }

  private cartChange(shopper: Shopper, dice: number): Write {
    const [sku, quantity] = this.random.pick<Line>(
      shopper.lines.length > 0 ? shopper.lines : [[this.random.pick(this.skus), 0]],
    );
    if (quantity > FULL || (dice > 92 && quantity > 0)) return this.remove(shopper, sku);
    if (dice > 78 && quantity > 0) return this.change(shopper, sku, 1 + this.random.int(FULL));
    return this.add(shopper, this.random.pick(this.skus.filter((each) => roomFor(shopper, each))), 1);
  }

  private newName(shopper: Shopper, track: Track): Write {
    const displayName = `Ada ${randomUUID().slice(0, 13)}`;
    const request = { method: 'PATCH', path: '/v1/me', body: { displayName }, key: randomUUID() };
    return { service: 'profile', track, request, status: 200, state: displayName, seen: profileSeen };
  }

  private add(shopper: Shopper, sku: string, quantity: number): Write {
    const known = shopper.lines.some((line) => line[0] === sku);
    const lines = known
      ? shopper.lines.map((line): Line => (line[0] === sku ? [sku, line[1] + quantity] : line))
      : [...shopper.lines, [sku, quantity] as const];
    const request = { method: 'POST', path: '/v1/cart/items', body: { sku, quantity }, key: randomUUID() };
    return cartWrite(shopper, request, 201, lines);
  }

  private change(shopper: Shopper, sku: string, quantity: number): Write {
    const lines = shopper.lines.map((line): Line => (line[0] === sku ? [sku, quantity] : line));
    const request = { method: 'PATCH', path: `/v1/cart/items/${sku}`, body: { quantity }, key: randomUUID() };
    return cartWrite(shopper, request, 200, lines);
  }

  private remove(shopper: Shopper, sku: string): Write {
    const lines = shopper.lines.filter((line) => line[0] !== sku);
    return cartWrite(shopper, { method: 'DELETE', path: `/v1/cart/items/${sku}`, key: randomUUID() }, 200, lines);
  }

  private expectedErrorFor(shopper: Shopper): ExpectedError {
    const key = randomUUID();
    const path = '/v1/cart/items';
    const expectedErrors: ExpectedError[] = [
      {
        request: { method: 'POST', path, body: { sku: 'NEVER-SOLD', quantity: 1 }, key },
        status: 404,
        code: 'UNKNOWN_SKU',
      },
      { request: { method: 'DELETE', path: `${path}/NEVER-SOLD`, key }, status: 404, code: 'NOT_IN_CART' },
    ];
    const [full] = shopper.lines;
    if (full) {
      const body = { sku: full[0], quantity: MAX_QUANTITY };
      expectedErrors.push({ request: { method: 'POST', path, body, key }, status: 409, code: 'QUANTITY_TOO_LARGE' });
    }
    if (shopper.profile) {
      const request = { method: 'PATCH', path: '/v1/me', body: { displayName: 'Lost' }, key };
      const headers = { 'if-match': `"${shopper.profile.acknowledged + 5}"` };
      expectedErrors.push({ request: { ...request, headers }, status: 412, code: 'STALE_VERSION' });
    }
    return this.random.pick(expectedErrors);
  }

  private async perform(shopper: Shopper, write: Write): Promise<void> {
    const { track, request, service } = write;
    track.begin(write.state);
    const startedAt = performance.now();
    // An impatient client sends the same write twice at once.
    const copies = this.random.int(20) === 0 ? 2 : 1;
    const outcomes = await Promise.allSettled(Array.from({ length: copies }, () => this.send(shopper, request)));
    const responses = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const [response, other] = responses;
    if (!response) return this.giveUp(shopper, write, outcomes);
    this.findings.writes.push({ service, bucket: shopper.bucket, startedAt, ms: performance.now() - startedAt });
    if (other && !sameText(other.text, response.text)) {
      const both = `${response.text} and ${other.text}`;
      this.findings.violation(`${about(shopper, request)} sent twice had two responses: ${both}`, 'doubled');
    }
    this.accept(shopper, write, response);
  }

  private accept(shopper: Shopper, write: Write, response: ShopResponse): void {
    const { track, request } = write;
    const complaint: Complaint | undefined =
      response.status === write.status
        ? track.complaint(write.seen(response.body), track.acknowledged + 1)
        : { kind: 'wrong', text: `had the response ${response.status}: ${response.text.slice(0, 200)}` };
    if (complaint) {
      this.findings.violation(`${about(shopper, request)} ${complaint.text}`, complaint.kind);
      track.giveUp();
      return;
    }
    track.acknowledge();
    if (write.lines) shopper.lines = write.lines;
    this.findings.count('writes');
    this.keep(shopper, request, response);
  }

  private giveUp(shopper: Shopper, write: Write, outcomes: readonly PromiseSettledResult<unknown>[]): void {
    const rejected = outcomes.find((outcome) => outcome.status === 'rejected');
    if (!(rejected?.reason instanceof GaveUp)) throw rejected?.reason;
    this.findings.count('unknown');
    write.track.giveUp();
    this.unknown.set(shopper, write);
  }

  /** Sends what a shopper gave up once more: whether it had happened or not, it has then happened once. */
  async settle(shopper: Shopper): Promise<void> {
    const write = this.unknown.get(shopper);
    if (!write) return;
    const response = await this.send(shopper, write.request);
    this.unknown.delete(shopper);
    this.accept(shopper, write, response);
  }

  /** A refused write changes nothing: the next one's version and state show it. */
  private async refused(shopper: Shopper, { request, status, code }: ExpectedError): Promise<void> {
    const response = await this.send(shopper, request);
    this.findings.count('refused writes');
    if (response.status === status && response.body.code === code) this.keep(shopper, request, response);
    else
      this.findings.violation(`${about(shopper, request)} was not refused as ${code}: ${response.text.slice(0, 200)}`);
  }

  /** A completed write that is sent again gets the same response, wherever its bucket has gone since. */
  private async again(shopper: Shopper): Promise<void> {
    const { request, status, text } = this.random.pick(shopper.completed);
    const response = await this.send(shopper, request);
    this.findings.count('repeated writes');
    if (response.status === status && sameText(response.text, text)) return;
    const later = response.text.slice(0, 300);
    this.findings.violation(`${about(shopper, request)} had the response ${text}, and later ${later}`, 'doubled');
  }

  private keep(shopper: Shopper, request: Request, { status, text }: ShopResponse): void {
    const at = shopper.completed.length < KEPT_RESPONSES ? shopper.completed.length : this.random.int(KEPT_RESPONSES);
    shopper.completed[at] = { request, status, text };
  }

  private async send(shopper: Shopper, request: Request): Promise<ShopResponse> {
    return ask({ ...request, token: await shopper.token() });
  }
}

/** Whether two responses say the same. That of an error also names its request. */
const sameText = (one: string, other: string): boolean => {
  const bare = (text: string): string => text.replace(/"traceId":"[^"]*"/, '');
  return bare(one) === bare(other);
};

const roomFor = (shopper: Shopper, sku: string): boolean =>
  (shopper.lines.find((line) => line[0] === sku)?.[1] ?? 0) <= FULL;

const cartWrite = (shopper: Shopper, request: Request, status: number, lines: readonly Line[]): Write => {
  const { cart: track } = shopper;
  return { service: 'cart', track, request, status, state: cartState(lines), seen: cartSeen, lines };
};

const about = ({ id, bucket }: Shopper, { method, path, key }: Request): string =>
  `${method} ${path} (key ${key}) of ${id} in bucket ${bucket}:`;
