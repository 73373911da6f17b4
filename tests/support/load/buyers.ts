import { randomUUID } from 'node:crypto';
import { eventually } from '@stoa/testing';
import { newProduct, type Body, type ShopResponse } from '../shop.js';
import { ask, GaveUp, type Request } from './client.js';
import type { Findings, Kind } from './findings.js';
import { readLedger, type Booked } from './ledger.js';
import type { Random } from './random.js';
import { linesOf, mustBe, Shopper, signInOperator, type Line } from './shopper.js';

/** Ways to pay, and whether each buys. */
const CARDS = [
  ['pm_card_visa', true],
  ['pm_card_visa', true],
  ['pm_card_visa', true],
  ['pm_card_chargeDeclined', false],
] as const;

const FIRST_STOCK = 100_000;
const PRICES = [500, 700, 900];
/** A purchase is decided so long after the last fault, at the most. */
const STUCK_MS = 60_000;
const SIGN_IN_EVERY_MS = 8 * 60_000;

/** Fields of an order that are held against the model. */
interface OrderBody {
  readonly orderId: string;
  readonly checkoutId?: string;
  readonly status: 'placing' | 'placed' | 'cancelled' | 'completed';
  readonly paymentStatus: string;
  readonly total: { readonly amount: number };
  readonly captured: { readonly amount: number };
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
}

/** A checkout that somebody pressed "buy" on. Its outcome is not known before it is settled. */
interface Purchase {
  readonly buyer: Shopper;
  readonly request: Request;
  readonly total: number;
  readonly lines: readonly Line[];
  readonly buys: boolean;
  /** From the first response that named it. */
  orderId?: string;
}

/**
 * Buyers exist to hold what is bought against a model: every order that was acknowledged exists once, with its quote,
 * is paid once, and took its goods off once; the provider's ledger says the same; and nothing stays undecided.
 */
export class Buyers {
  readonly shoppers: Shopper[] = [];
  private readonly open: Purchase[] = [];
  private readonly bought = new Map<string, number>();
  private readonly heldStill = new Map<string, Map<string, number>>();
  private signedInAt = performance.now();

  private constructor(
    private readonly findings: Findings,
    private readonly random: Random,
    private token: string,
    private readonly skus: readonly string[],
  ) {}

  /** @param count of guests who buy */
  static async start(findings: Findings, random: Random, count: number): Promise<Buyers> {
    const token = await signInOperator();
    const { skus } = count > 0 ? await newProduct(token, PRICES) : { skus: [] };
    for (const sku of skus) {
      const body = { delta: FIRST_STOCK - 100 };
      const path = `/v1/variants/${sku}/stock-adjustments`;
      mustBe(201, await ask({ method: 'POST', path, body, token, key: randomUUID() }));
    }
    const buyers = new Buyers(findings, random, token, skus);
    for (let n = 0; n < count; n += 1) buyers.shoppers.push(await Shopper.guest());
    return buyers;
  }

  /** One purchase, from the cart to the button; some press twice. */
  async buy(buyer: Shopper): Promise<void> {
    const token = await buyer.token();
    await this.fillCart(token);
    const checkout = await this.checkOut(token);
    if (!checkout) return;
    const [card, buys] = this.random.pick(CARDS);
    const body = { checkoutId: checkout.checkoutId, payment: { provider: 'card', token: card } };
    const request = { method: 'POST', path: '/v1/orders', body, key: randomUUID() };
    const purchase: Purchase = { buyer, request, buys, total: checkout.total, lines: checkout.lines };
    this.open.push(purchase);
    await this.press(purchase);
  }

  private async fillCart(token: string): Promise<void> {
    const body = { sku: this.random.pick(this.skus), quantity: 1 + this.random.int(3) };
    const request = { method: 'POST', path: '/v1/cart/items', body, token };
    // The cart's copy of the catalog may not have the product yet.
    await eventually(async () => mustBe(201, await ask({ ...request, key: randomUUID() })), { timeoutMs: 30_000 });
  }

  /** @returns undefined: what was ordered before left the cart meanwhile, and nothing is in it now */
  private async checkOut(
    token: string,
  ): Promise<{ checkoutId: string; total: number; lines: readonly Line[] } | undefined> {
    const body = { email: 'buyer@example.com', shippingMethod: 'pickup' };
    const made = await ask({ method: 'POST', path: '/v1/checkouts', body, token, key: randomUUID() });
    if (made.status === 409 && ['CART_EMPTY', 'CART_CHANGED'].includes(made.body.code)) return undefined;
    const { checkoutId, quote } = mustBe(201, made).body as unknown as {
      checkoutId: string;
      quote: { total: number; lines: Body['lines'] };
    };
    return { checkoutId, total: quote.total, lines: linesOf({ lines: quote.lines } as Body) };
  }

  /** A double click, two tabs: one order. */
  private async press(purchase: Purchase): Promise<void> {
    const copies = this.random.int(8) === 0 ? 2 : 1;
    const clicks = Array.from({ length: copies }, (_, n) => (n === 0 ? purchase.request.key : randomUUID()));
    const outcomes = await Promise.allSettled(clicks.map((key) => this.send(purchase, key)));
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') this.learn(purchase, outcome.value);
      else if (outcome.reason instanceof GaveUp) this.findings.count('unknown');
      else throw outcome.reason;
    }
  }

  private async send({ request, buyer }: Purchase, key = request.key): Promise<ShopResponse> {
    return ask({ ...request, token: await buyer.token(), ...(key !== undefined && { key }) });
  }

  private learn(purchase: Purchase, response: ShopResponse): void {
    if (response.status === 409 && ['CART_CHANGED', 'QUOTE_EXPIRED'].includes(response.body.code)) {
      this.findings.count('refused purchases');
      this.forget(purchase);
      return;
    }
    if (response.status !== 201) {
      this.complain(purchase, 'wrong', `had the response ${response.status}: ${response.text.slice(0, 300)}`);
      return;
    }
    const { orderId, total } = response.body as unknown as OrderBody;
    if (purchase.orderId !== undefined && purchase.orderId !== orderId)
      this.complain(purchase, 'doubled', `is the order ${orderId} too`);
    if (total.amount !== purchase.total)
      this.complain(purchase, 'wrong', `costs ${total.amount}, and its quote was ${purchase.total}`);
    purchase.orderId = orderId;
    this.findings.count('orders');
  }

  /** With nobody at work: everything that was begun is decided, and goods and money are where the model has them. */
  async examine(): Promise<void> {
    const purchases = [...this.open];
    const unsettled: (readonly [Purchase, OrderBody])[] = [];
    for (const purchase of purchases) {
      // A lost response comes again: the order was made once, or is made now.
      if (purchase.orderId === undefined) this.learn(purchase, await this.send(purchase));
      if (purchase.orderId === undefined) continue;
      const order = await this.decided(purchase);
      if (order) unsettled.push([purchase, order]);
      this.forget(purchase);
    }
    for (const [purchase, order] of unsettled) this.account(purchase, order);
    await this.compareLedger(unsettled);
    for (const sku of this.skus) await this.compareStock(sku);
  }

  private async decided(purchase: Purchase): Promise<OrderBody | undefined> {
    let last: OrderBody | undefined;
    const settled = async (): Promise<void> => {
      last = await this.read(purchase);
      const isDone = purchase.buys ? isPaid(last) : last.paymentStatus === 'failed' || last.status === 'cancelled';
      if (!isDone) throw new Error(`${last.status}, ${last.paymentStatus}`);
    };
    await eventually(settled, { timeoutMs: STUCK_MS }).catch((error: unknown) =>
      this.complain(purchase, 'stuck', `is undecided after ${STUCK_MS / 1000} s: ${String(error)}`),
    );
    return last;
  }

  private async read({ orderId, buyer }: Purchase): Promise<OrderBody> {
    const response = await ask({ method: 'GET', path: `/v1/orders/${orderId}`, token: await buyer.token() });
    this.findings.count('reads');
    return mustBe(200, response).body as unknown as OrderBody;
  }

  private account(purchase: Purchase, order: OrderBody): void {
    const ordered = sumUp(order.lines.map(({ sku, quantity }): Line => [sku, quantity]));
    if (ordered !== sumUp(purchase.lines))
      this.complain(purchase, 'wrong', `has ${ordered}, and its quote ${sumUp(purchase.lines)}`);
    if (order.status === 'placed') {
      for (const { sku, quantity } of order.lines) this.bought.set(sku, (this.bought.get(sku) ?? 0) + quantity);
      return;
    }
    // It may be paid in another way within the hold.
    if (order.status !== 'placing') return;
    this.heldStill.set(order.orderId, new Map(order.lines.map(({ sku, quantity }) => [sku, quantity])));
  }

  /** The provider's ledger says the same of each order: one payment of the whole total, or none. */
  private async compareLedger(orders: readonly (readonly [Purchase, OrderBody])[]): Promise<void> {
    const matches = async (): Promise<void> => {
      const ledger = await readLedger();
      for (const [purchase, order] of orders) {
        const fault = faultOf(order, purchase.total, ledger.get(order.orderId));
        if (fault) throw new Error(`${order.orderId}: ${fault}`);
      }
    };
    await eventually(matches, { timeoutMs: STUCK_MS }).catch((error: unknown) =>
      this.findings.violation(`the provider's ledger: ${String(error)}`, 'wrong'),
    );
  }

  private async compareStock(sku: string): Promise<void> {
    const wanted = FIRST_STOCK - (this.bought.get(sku) ?? 0);
    const mostHeld = [...this.heldStill.values()].reduce((sum, lines) => sum + (lines.get(sku) ?? 0), 0);
    const matches = async (): Promise<void> => {
      const path = `/v1/variants/${sku}/stock`;
      const response = await ask({ method: 'GET', path, token: await this.operator() });
      const { stock, reserved } = mustBe(200, response).body as unknown as { stock: number; reserved: number };
      if (stock !== wanted) throw new Error(`there are ${stock} of ${sku}, and ${wanted} are left in the model`);
      // Holds of orders that were not paid end by themselves.
      if (reserved > mostHeld) throw new Error(`${reserved} of ${sku} are held, and ${mostHeld} at most can be`);
    };
    await eventually(matches, { timeoutMs: STUCK_MS }).catch((error: unknown) =>
      this.findings.violation(`stock: ${String(error)}`, 'wrong'),
    );
  }

  private complain({ buyer, request, orderId }: Purchase, kind: Kind, text: string): void {
    const what = orderId === undefined ? `a purchase (key ${request.key})` : `the order ${orderId}`;
    this.findings.violation(`${what} of ${buyer.id} in bucket ${buyer.bucket} ${text}`, kind);
  }

  private forget(purchase: Purchase): void {
    const at = this.open.indexOf(purchase);
    if (at >= 0) this.open.splice(at, 1);
  }

  private async operator(): Promise<string> {
    if (performance.now() - this.signedInAt > SIGN_IN_EVERY_MS) {
      this.token = await signInOperator();
      this.signedInAt = performance.now();
    }
    return this.token;
  }
}

const isPaid = ({ status, paymentStatus }: OrderBody): boolean => status === 'placed' && paymentStatus === 'captured';

function faultOf(order: OrderBody, total: number, booked?: Booked): string | undefined {
  const { payments = 0, captured = 0, open = 0 } = booked ?? {};
  if (payments > 1) return `${payments} payments hold money`;
  if (open > 0) return `${open} are authorised, and neither captured nor voided`;
  const wanted = order.status === 'placed' ? total : 0;
  return captured === wanted ? undefined : `${captured} were captured, and ${wanted} should be`;
}

const sumUp = (lines: readonly Line[]): string =>
  lines
    .map(([sku, quantity]) => `${quantity}×${sku}`)
    .toSorted()
    .join(' ');
