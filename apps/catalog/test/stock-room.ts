import { catalog, type HeldLine } from '@stoa/catalog-contract';
import { OperationError, type Command, type OutputOf } from '@stoa/contract-kit';
import { messagingMigrations, newId, type BatchHandler, type Caller, type Handler } from '@stoa/messaging';
import { BatchExecutor } from '@stoa/messaging/testing';
import { PgDatabase } from '@stoa/postgres';
import { GENEROUS_BUDGET_MS, testDatabase } from '@stoa/testing';
import { Client } from 'pg';
import type { Reported } from '../src/domain/sales.js';
import { ConfirmHold } from '../src/operations/holds/confirm-hold.js';
import { CreateProduct } from '../src/operations/create-product.js';
import { AdjustStock } from '../src/operations/stock/adjust-stock.js';
import { HoldStock } from '../src/operations/holds/hold-stock.js';
import { ReleaseHold } from '../src/operations/holds/release-hold.js';
import { Holds } from '../src/storage/stock/holds.js';
import { settleOrder, type MovedStock } from '../src/storage/stock/settle-order.js';
import { freeExpired } from '../src/storage/stock/sweep-holds.js';
import { productInput, variantInput } from './inputs.js';

const OPERATOR: Caller = { kind: 'operator', customerId: newId() };
const KINDS = { placed: 'sold', refused: 'cancelled', cancelled: 'cancelled', restocked: 'returned' } as const;
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
export class Clone {
  private readonly executor: BatchExecutor;
  private readonly holds = new Holds();

  constructor(
    private readonly database: PgDatabase,
    failed: (error: unknown) => void,
  ) {
    this.executor = new BatchExecutor({ database, validateOutput: true, onBatchFailed: failed });
  }

  batched<C extends Command>(operation: C, handler: BatchHandler<C>, input: object, id?: string): Promise<OutputOf<C>> {
    return this.run(operation, { handle: handler.decide } as unknown as Handler<Command>, input, ORDER, true, id);
  }

  single<C extends Command>(operation: C, handler: Handler<C>, input: object, id?: string): Promise<OutputOf<C>> {
    return this.run(operation, handler as unknown as Handler<Command>, input, OPERATOR, false, id);
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
  readonly confirm = (orderId: string, id?: string) =>
    this.batched(catalog.confirmHold, new ConfirmHold(this.holds), { orderId }, id);
  readonly release = (orderId: string, id?: string) =>
    this.batched(catalog.releaseHold, new ReleaseHold(this.holds), { orderId }, id);
  readonly adjust = (sku: string, delta: number, id?: string) =>
    this.single(catalog.adjustStock, new AdjustStock({ CATALOG_LOW_STOCK: 2 }), { sku, delta }, id);

  /** Does as an event of the service order does, in a transaction of its own. */
  report(orderId: string, reported: Reported): Promise<readonly MovedStock[]> {
    const origin = { kind: KINDS[reported.what], at: new Date() };
    return this.database.transaction(0, (tx) => settleOrder(tx, orderId, reported, origin));
  }

  isTransient(error: unknown): boolean {
    return this.database.isTransient(error);
  }
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

  /** Ends all sessions on the database, as a restart of the server does. */
  async killSessions(): Promise<void> {
    const client = new Client({ connectionString: this.url });
    await client.connect();
    await client.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    await client.end();
  }

  /** SKUs whose history doesn't lead from one stock to the next, and to the one that there is. */
  async unexplained(): Promise<object[]> {
    return this.sql(`WITH history AS (
        SELECT sku, number, delta, stock, lag(stock, 1, 0) OVER (PARTITION BY sku ORDER BY number) AS before,
          row_number() OVER (PARTITION BY sku ORDER BY number DESC) AS age
        FROM stock_movements
      ) SELECT h.*, v.stock AS there FROM history h JOIN variants v ON v.sku = h.sku
      WHERE h.stock <> before + delta OR (age = 1 AND h.stock <> v.stock)`);
  }

  /** Orders that sold anything more than once, or of which more came back than was sold. */
  async soldTwice(): Promise<object[]> {
    return this.sql(`SELECT order_id, sku, count(*) FILTER (WHERE kind = 'sold') AS sales, sum(delta) AS moved
      FROM stock_movements WHERE order_id IS NOT NULL GROUP BY order_id, sku
      HAVING count(*) FILTER (WHERE kind = 'sold') <> 1 OR sum(delta) > 0`);
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
