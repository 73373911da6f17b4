import { randomUUID } from 'node:crypto';
import { eventually } from '@stoa/testing';
import { offer, type Outcome } from '../open-load.js';
import { cpuBetween, cpuByRole } from '../processes.js';
import { quantile } from '../quantile.js';
import { startStack, type Stack } from '../stack.js';
import { Buyers, type Try } from './buyers.js';
import { OrderBuyers } from './orders.js';

const PIECES = 100;
const BROWSING_PER_SECOND = 50;
const NORMAL_SECONDS = 10;
/** Browsing goes on for so long from the moment in which all press. */
const FLASH_SECONDS = 6;
const REFUSED_P99_MS = 1_000;
const BROWSING_TIMES = 3;
const HAS_ONE = new Set(['ok', 'order placed']);
/** NOT_ORDERABLE: the quote knew already that it is sold out. */
const HAS_NONE = new Set(['INSUFFICIENT_STOCK', 'NOT_ORDERABLE']);

/**
 * A flash sale: so many buyers (`requests`) press at once for 100 pieces of one SKU, while others browse; first by
 * holds alone, over Kafka, then by orders that are paid, over HTTP. Checks that exactly 100 get a piece, by the
 * catalog's word too, and compares what the others see with a normal moment.
 */
export async function benchFlash({ requests: buyers }: { readonly requests: number }): Promise<void> {
  const stack = await startStack();
  try {
    const shop = await Shop.open(stack);
    const holders = await Buyers.open(stack);
    // As a sale begins: all code has run before.
    await holders.pressAll(await shop.sell(), buyers);
    const normal = await shop.browse(NORMAL_SECONDS);
    const held = await shop.sell();
    await sale(stack, shop, 'holds over Kafka', normal, () => holders.pressAll(held, buyers));
    await holders.close();
    const { reserved, stock } = await shop.level(held);
    console.log(`  the catalog says: ${reserved} of ${stock} are held`);
    if (reserved !== PIECES) process.exitCode = 1;

    const orders = new OrderBuyers(stack);
    const sold = await shop.sell();
    await orders.prepare(sold, buyers);
    await sale(stack, shop, 'paid orders over HTTP', normal, () => orders.pressAll());
    orders.close();
    const left = await eventually(async () => {
      const level = await shop.level(sold);
      if (level.reserved > 0) throw new Error(`${level.reserved} are still held`);
      return level;
    });
    console.log(`  the catalog says: ${PIECES - left.stock} are sold, ${left.stock} are left`);
    if (left.stock !== 0) process.exitCode = 1;
  } finally {
    await stack.stop();
  }
}

/** All press, while others browse. */
async function sale(
  stack: Stack,
  shop: Shop,
  how: string,
  normal: readonly Outcome[],
  press: () => Promise<Try[]>,
): Promise<void> {
  const before = cpuByRole(stack.roles);
  const browsing = shop.browse(FLASH_SECONDS);
  const tries = await press();
  const cpu = cpuBetween(before, cpuByRole(stack.roles));
  const flash = await browsing;
  report(how, tries, normal, flash, cpu);
  if (!isRight(tries, normal, flash)) process.exitCode = 1;
}

/** The shop's side of the sale: what is sold, and those who browse. */
class Shop {
  private turn = 0;

  private constructor(
    private readonly url: string,
    private readonly token: string,
    private readonly handles: readonly string[],
  ) {}

  static async open({ url, operator }: Stack): Promise<Shop> {
    // A stack that has just started may not reply in time.
    const { accessToken } = await eventually(() =>
      send<{ accessToken: string }>(url, 'POST', '/v1/sessions', operator),
    );
    const { items } = await send<{ items: { handle: string }[] }>(url, 'GET', '/v1/products?limit=50');
    return new Shop(
      url,
      accessToken,
      items.map(({ handle }) => handle),
    );
  }

  /** Puts a product up for sale. @returns its SKU */
  async sell(): Promise<string> {
    const sku = `flash-${randomUUID()}`;
    const price = { amount: 1000, currency: 'USD' };
    const variant = { sku, title: 'One', options: [], price, stock: PIECES, requiresShipping: false };
    await send(this.url, 'POST', '/v1/products', { handle: sku, title: 'Flash', variants: [variant] }, this.token);
    return sku;
  }

  /** Others read products, in the cache and not. */
  browse(seconds: number): Promise<Outcome[]> {
    const next = () => {
      const n = this.turn++;
      const handle = this.handles[n % this.handles.length];
      const path = n % 2 === 0 ? `/v1/products/${handle}` : `/v1/products?q=${handle}&limit=${(n % 40) + 1}`;
      const check = (status: number, body: string) => (status === 200 ? undefined : `${status} ${body.slice(0, 200)}`);
      return { method: 'GET' as const, path, check };
    };
    return offer({ url: this.url, perSecond: BROWSING_PER_SECOND, seconds, next });
  }

  level(sku: string): Promise<{ reserved: number; stock: number }> {
    return send(this.url, 'GET', `/v1/variants/${sku}/stock`, undefined, this.token);
  }
}

async function send<T>(url: string, method: string, path: string, body?: object, token?: string): Promise<T> {
  const headers = {
    ...(body && { 'content-type': 'application/json' }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  const response = await fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 200)}`);
  return JSON.parse(text) as T;
}

const msOf = (all: readonly { readonly ms: number }[], share: number): number =>
  quantile(
    all.map(({ ms }) => ms),
    share,
  );

function report(
  how: string,
  tries: readonly Try[],
  normal: readonly Outcome[],
  flash: readonly Outcome[],
  cpu: ReadonlyMap<string, number>,
): void {
  console.log(`\nFlash sale, ${how}: ${tries.length} buyers press at once, ${PIECES} pieces`);
  for (const [code, all] of Map.groupBy(tries, (each) => each.code)) {
    console.log(`  ${code}: ${all.length}, p50 ${msOf(all, 0.5).toFixed(0)} ms, p99 ${msOf(all, 0.99).toFixed(0)} ms`);
  }
  const [calm, beside] = [normal, flash].map(
    (all) => `p50 ${msOf(all, 0.5).toFixed(1)}, p99 ${msOf(all, 0.99).toFixed(1)} ms`,
  );
  console.log(`  browsing, ${BROWSING_PER_SECOND}/s: normally ${calm}; beside the sale ${beside}`);
  const each = [...cpu].map(([role, ms]) => `${role} ${(ms / tries.length).toFixed(2)}`);
  console.log(`  CPU milliseconds a buyer, browsing included: ${each.join(', ')}`);
}

function isRight(tries: readonly Try[], normal: readonly Outcome[], flash: readonly Outcome[]): boolean {
  const refused = tries.filter(({ code }) => HAS_NONE.has(code));
  const wrong = [
    ...(tries.filter(({ code }) => HAS_ONE.has(code)).length === PIECES ? [] : [`not exactly ${PIECES} hold a piece`]),
    ...(refused.length === tries.length - PIECES ? [] : ['some neither got a piece nor heard that none is left']),
    ...(msOf(refused, 0.99) <= REFUSED_P99_MS ? [] : [`p99 of the refused is above ${REFUSED_P99_MS} ms`]),
    ...(msOf(flash, 0.99) <= BROWSING_TIMES * msOf(normal, 0.99)
      ? []
      : [`browsing took more than ${BROWSING_TIMES} times`]),
    ...[...normal, ...flash].flatMap(({ problem }) => problem ?? []).slice(0, 3),
  ];
  for (const each of wrong) console.log(`  WRONG: ${each}`);
  return wrong.length === 0;
}
