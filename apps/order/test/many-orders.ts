import { OperationError, type InputOf } from '@stoa/contract-kit';
import { newId } from '@stoa/messaging';
import type { order } from '@stoa/order-contract';
import { databaseContext } from '@stoa/service/testing';
import { openKeyspace, type KeyspaceDatabase } from '@stoa/sharded-service';
import { testKeyspaces, type TestKeyspaces } from '@stoa/sharded-service/testing';
import { orderNumber } from '../src/domain/order-number.js';
import { ListOrders } from '../src/operations/reports/list-orders.js';
import { SalesReport } from '../src/operations/reports/sales-report.js';
import { TopSoldProducts } from '../src/operations/reports/top-sold-products.js';
import { orderKeyspace } from '../src/storage/keyspace.js';
import { OrderReports } from '../src/storage/order-reports.js';

export interface Saved {
  readonly orderId: string;
  readonly customerId: string;
  readonly number: string;
  readonly status: 'placing' | 'placed' | 'cancelled' | 'completed';
  readonly currency: string;
  readonly total: number;
  readonly createdAt: Date;
  readonly lines: readonly { readonly sku: string; readonly title: string; readonly quantity: number }[];
}

const INSERT = `
  INSERT INTO orders (bucket, order_id, customer_id, checkout_id, number, version, status, payment_status,
    fulfilment_status, currency, total, created_at, updated_at, placed_at, quote, body)
  VALUES ($1, $2, $3, $4, $5, 1, $6, 'pending', 'unfulfilled', $7, $8, $9::timestamptz, $9, $10, $11, '{}')`;

const context = {
  caller: { kind: 'operator', customerId: newId() },
  budgetMs: 20_000,
  fail: (code: string, detail?: string): never => {
    throw new OperationError(code, detail);
  },
} as const;

/** The operators' queries of an order clone, over shards of a test's own. */
export class ManyOrders {
  private readonly reports: OrderReports;

  private constructor(
    private readonly data: TestKeyspaces,
    private readonly database: KeyspaceDatabase,
  ) {
    this.reports = new OrderReports(database);
  }

  static async start(shards: number): Promise<ManyOrders> {
    const data = await testKeyspaces([orderKeyspace], { shards });
    const database = await openKeyspace(orderKeyspace.name, data.directoryUrl, databaseContext('test', 'fatal'));
    return new ManyOrders(data, database);
  }

  /** @returns the order with a number of its bucket */
  async save(order_: Omit<Saved, 'number'>, body: number): Promise<Saved> {
    const bucket = this.database.bucketOf(order_.customerId);
    const number = orderNumber(bucket, body);
    const { orderId, customerId, status, currency, total, createdAt, lines } = order_;
    const placedAt = status === 'placing' ? null : createdAt;
    const values = [bucket, orderId, customerId, newId(), number, status, currency, total, createdAt, placedAt];
    await this.database.transaction(bucket, (tx) => tx.query(INSERT, [...values, JSON.stringify({ lines })]));
    return { ...order_, number };
  }

  list(input: Partial<InputOf<typeof order.listOrders>>) {
    return new ListOrders(this.reports).handle({ order: 'desc', limit: 20, ...input }, context);
  }

  sales(from: string, until: string) {
    return new SalesReport(this.reports).handle({ from, until }, context);
  }

  topSold(from: string, until: string, limit: number) {
    return new TopSoldProducts(this.reports).handle({ from, until, limit }, context);
  }

  async stop(): Promise<void> {
    await this.database.close();
    await this.data.drop();
  }
}
