import { catalog, type HeldLine } from '@stoa/catalog-contract';
import { OperationError, type Command, type OutputOf } from '@stoa/contract-kit';
import { messagingMigrations, newId, type BatchHandler, type Caller, type Handler } from '@stoa/messaging';
import { BatchExecutor } from '@stoa/messaging/testing';
import { PgDatabase } from '@stoa/postgres';
import { GENEROUS_BUDGET_MS, testDatabase } from '@stoa/testing';
import { ConfirmHold } from '../src/operations/holds/confirm-hold.js';
import { CreateProduct } from '../src/operations/create-product.js';
import { AdjustStock } from '../src/operations/stock/adjust-stock.js';
import { HoldStock } from '../src/operations/holds/hold-stock.js';
import { ReleaseHold } from '../src/operations/holds/release-hold.js';
import { Holds } from '../src/storage/stock/holds.js';
import { freeExpired } from '../src/storage/stock/sweep-holds.js';
import { productInput, variantInput } from './inputs.js';

const OPERATOR: Caller = { kind: 'operator', customerId: newId() };
const ORDER: Caller = { kind: 'service', name: 'order' };

/** A variant's row. */
export interface Shelf {
  readonly stock: number;
  readonly reserved: number;
}

/** How a command ended: 'ok', or the code of its error. */
export interface Ended {
  readonly code: string;
  readonly error?: OperationError;
}

/** One clone's executor: commands that are run at once share transactions. */
class Clone {
  private readonly executor: BatchExecutor;
  private readonly holds = new Holds();

  constructor(database: PgDatabase, failed: (error: unknown) => void) {
    this.executor = new BatchExecutor({ database, validateOutput: true, onBatchFailed: failed });
  }

  batched<C extends Command>(operation: C, handler: BatchHandler<C>, input: object, id?: string): Promise<OutputOf<C>> {
    return this.run(operation, { handle: handler.decide } as unknown as Handler<Command>, input, ORDER, true, id);
  }

  single<C extends Command>(operation: C, handler: Handler<C>, input: object): Promise<OutputOf<C>> {
    return this.run(operation, handler as unknown as Handler<Command>, input, OPERATOR, false);
  }

  private async run<C extends Command>(
    operation: C,
    handler: Handler<Command>,
    input: object,
    caller: Caller,
    isBatched: boolean,
    id = newId(),
  ): Promise<OutputOf<C>> {
    const parsed = operation.input.parse(input) as { orderId?: string };
    const request = {
      id,
      key: parsed.orderId ?? id,
      bodyText: JSON.stringify(input),
      input: parsed,
      caller,
      expectedVersion: undefined,
      traceparent: undefined,
      sentAt: new Date(),
      budgetLeft: () => GENEROUS_BUDGET_MS,
    };
    const reply = await this.executor.execute({ operation, handler, isBatched }, request);
    const body = JSON.parse(reply.body) as never;
    if (reply.ok) return body;
    const { code, detail, details } = body as { code: string; detail: string; details?: Record<string, unknown> };
    throw new OperationError(code, detail, details ? { details } : []);
  }

  readonly hold = (orderId: string, lines: HeldLine[], holdSeconds = 900, id?: string) =>
    this.batched(catalog.holdStock, new HoldStock(this.holds), { orderId, lines, holdSeconds }, id);
  readonly confirm = (orderId: string) => this.batched(catalog.confirmHold, new ConfirmHold(this.holds), { orderId });
  readonly release = (orderId: string) => this.batched(catalog.releaseHold, new ReleaseHold(this.holds), { orderId });
  readonly adjust = (sku: string, delta: number) =>
    this.single(catalog.adjustStock, new AdjustStock({ CATALOG_LOW_STOCK: 2 }), { sku, delta });
}

/** The catalog's stock on a database of its own, with any number of clones, without Kafka. */
export class StockRoom {
  static async open(): Promise<StockRoom> {
    const test = await testDatabase({ migrations: [messagingMigrations, 'apps/catalog/prisma/migrations'] });
    return new StockRoom(test.url, () => test.drop());
  }

  /** Faults that broke whole batches. */
  readonly failures: unknown[] = [];
  private readonly databases: PgDatabase[] = [];
  readonly clone: Clone;

  private constructor(
    private readonly url: string,
    private readonly drop: () => Promise<void>,
  ) {
    this.clone = this.newClone();
  }

  newClone(): Clone {
    const timeouts = { statementMs: 20_000, lockMs: 20_000, idleInTransactionMs: 20_000, transactionMs: 30_000 };
    const database = new PgDatabase({ name: 'catalog', urls: [this.url], clone: 'catalog-test', timeouts });
    this.databases.push(database);
    return new Clone(database, (error) => this.failures.push(error));
  }

  async close(): Promise<void> {
    await Promise.all(this.databases.map((database) => database.close()));
    await this.drop();
  }

  get database(): PgDatabase {
    return this.databases[0]!;
  }

  /** A new product of one variant. @returns its SKU */
  async stocked(stock: number, variant: Partial<ReturnType<typeof variantInput>> = {}, active = true): Promise<string> {
    const handle = `p-${newId()}`;
    const sku = `${handle}-sku`;
    const input = productInput(handle, { active, variants: [variantInput(sku, { stock, ...variant })] });
    await this.clone.single(catalog.createProduct, new CreateProduct(), input);
    return sku;
  }

  sql<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
    return this.database.transaction(0, async (tx) => (await tx.query<Row>(text, values)).rows);
  }

  async shelf(sku: string): Promise<Shelf | undefined> {
    return (await this.sql<Shelf>('SELECT stock, reserved FROM variants WHERE sku = $1', [sku]))[0];
  }

  /** Lets the holds of these orders be over, as time does. */
  async expire(...orderIds: string[]): Promise<void> {
    await this.sql(`UPDATE holds SET until = now() - interval '1 ms' WHERE order_id = ANY($1) AND status = 'held'`, [
      orderIds,
    ]);
  }

  sweep(): Promise<number> {
    return this.database.transaction(0, freeExpired);
  }

  /** SKUs of which the reserved pieces are not the sum of the open holds. */
  async unbalanced(): Promise<object[]> {
    return this.sql(`WITH held AS (
        SELECT sku, sum(quantity) AS quantity FROM holds, unnest(skus, quantities) AS line(sku, quantity)
        WHERE status IN ('held', 'confirmed') GROUP BY sku
      ) SELECT v.sku, reserved, h.quantity FROM variants v FULL JOIN held h ON h.sku = v.sku
      WHERE coalesce(reserved, 0) <> coalesce(h.quantity, 0)`);
  }
}

/** The end of a command. */
export const ended = (command: Promise<unknown>): Promise<Ended> =>
  command.then(
    () => ({ code: 'ok' }),
    (error: unknown) => {
      if (error instanceof OperationError) return { code: error.code, error };
      throw error;
    },
  );

/** How often each end came. */
export const tally = (ends: readonly Ended[]): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(ends, ({ code }) => code)].map(([code, all]) => [code, all.length]));
