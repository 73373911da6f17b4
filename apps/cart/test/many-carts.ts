import { type InputOf, OperationError, type OutputOf } from '@stoa/contract-kit';
import { cart } from '@stoa/cart-contract';
import { inTransaction } from '@stoa/messaging/testing';
import { newId } from '@stoa/messaging';
import { databaseContext } from '@stoa/service/testing';
import { type KeyspaceDatabase, openKeyspace } from '@stoa/sharded-service';
import { testKeyspaces, type TestKeyspaces } from '@stoa/sharded-service/testing';
import { Mover } from '@stoa/sharding';
import type { CartState, Product } from '../src/domain/cart.js';
import { CartStatistics } from '../src/operations/cart-statistics.js';
import { ListAbandonedCarts } from '../src/operations/list-abandoned-carts.js';
import { ListTopProducts } from '../src/operations/list-top-products.js';
import { CartReports } from '../src/storage/cart-reports.js';
import { Carts } from '../src/storage/carts.js';
import { cartKeyspace } from '../src/storage/keyspace.js';
import { Products } from '../src/storage/products.js';

export type AbandonedInput = Partial<InputOf<typeof cart.listAbandonedCarts>>;
export type AbandonedOutput = OutputOf<typeof cart.listAbandonedCarts>;
export type Saved = CartState & { readonly updatedAt: Date };

const LIMITS = { pauseMs: 50, busyMs: 3_000 };

const context = {
  caller: { kind: 'operator', customerId: newId() },
  budgetMs: 20_000,
  fail: (code: string, detail?: string, problems?: OperationError['problems']): never => {
    throw new OperationError(code, detail, problems);
  },
} as const;

/** The operators' queries of a cart clone, over shards of a test's own. */
export class ManyCarts {
  private readonly reports: CartReports;
  private readonly carts: Carts;

  private constructor(
    readonly data: TestKeyspaces,
    readonly database: KeyspaceDatabase,
  ) {
    this.reports = new CartReports(database);
    this.carts = new Carts(database);
  }

  static async start(shards: number): Promise<ManyCarts> {
    const data = await testKeyspaces([cartKeyspace], { shards });
    return new ManyCarts(
      data,
      await openKeyspace(cartKeyspace.name, data.directoryUrl, databaseContext('test', 'fatal')),
    );
  }

  /** Puts products into the copy of every shard. */
  async sell(products: readonly Product[]): Promise<void> {
    const states = products.map(({ handle: product, price, sku, title, imageUrl, available }) => ({
      key: sku,
      version: 1,
      data: { sku, product, title, imageUrl, price, available },
    }));
    const gone = products.filter(({ sold }) => !sold).map(({ sku: key }) => ({ key, version: 2, data: null }));
    for (const server of this.database.servers()) {
      await server.transaction(async (tx) => {
        await new Products().takeOver(tx, states);
        await new Products().takeOver(tx, gone);
      });
    }
  }

  /** As a command saves a cart. */
  async save(state: Saved): Promise<void> {
    const bucket = this.database.bucketOf(state.customerId);
    await this.database.transaction(bucket, async (tx) => this.carts.save(inTransaction(tx, bucket), state));
  }

  statistics(): Promise<OutputOf<typeof cart.cartStatistics>> {
    return new CartStatistics(this.reports).handle({}, context);
  }

  topProducts(limit: number): Promise<OutputOf<typeof cart.listTopProducts>> {
    return new ListTopProducts(this.reports).handle({ limit }, context);
  }

  async abandoned(input: AbandonedInput): Promise<AbandonedOutput> {
    return new ListAbandonedCarts(this.reports).handle(cart.listAbandonedCarts.input.parse(input), context);
  }

  /** Follows `next` to the end, then `previous` back to the beginning. */
  async walk(input: AbandonedInput): Promise<{ there: AbandonedOutput['items']; back: AbandonedOutput['items'] }> {
    const there: AbandonedOutput['items'][] = [];
    let page = await this.abandoned(input);
    for (;;) {
      there.push(page.items);
      if (page.next === null) break;
      page = await this.abandoned({ ...input, cursor: page.next });
    }
    const back: AbandonedOutput['items'][] = [];
    for (;;) {
      back.unshift(page.items);
      if (page.previous === null) return { there: there.flat(), back: back.flat() };
      page = await this.abandoned({ ...input, cursor: page.previous });
    }
  }

  /** Moves buckets as an operator does. */
  async move(from: string, to: string, buckets: readonly number[]): Promise<void> {
    const hooks = { caughtUp: () => Promise.resolve(true) };
    const mover = new Mover({ directoryUrl: this.data.directoryAdminUrl, limits: LIMITS, hooks });
    await mover.runMove(await mover.planMove({ keyspace: cartKeyspace.name, buckets, from, to }));
  }

  async stop(): Promise<void> {
    await this.database.close();
    await this.data.drop();
  }
}
