import { catalog, type ImportJob, type ImportProblem, type Product, type StockLevel } from '@stoa/catalog-contract';
import type { Command, InputOf, OutputOf, Query } from '@stoa/contract-kit';
import { OperationError } from '@stoa/contract-kit';
import { type Caller, type Handler, messagingMigrations, newId } from '@stoa/messaging';
import { type Class, InboxExecutor } from '@stoa/messaging/testing';
import { type Logger } from '@stoa/kafka';
import { PgDatabase } from '@stoa/postgres';
import { eventually, GENEROUS_BUDGET_MS, testDatabase } from '@stoa/testing';
import { Client } from 'pg';
import { ImportRun } from '../src/imports/import-run.js';
import { ExportProducts } from '../src/operations/export-products.js';
import { GetStock } from '../src/operations/stock/get-stock.js';
import { ListStockMovements } from '../src/operations/stock/list-stock-movements.js';
import { StockQueries } from '../src/storage/stock/stock-queries.js';
import { publishStale } from '../src/background/availability-worker.js';
import { GetImport } from '../src/operations/get-import.js';
import { GetProduct } from '../src/operations/get-product.js';
import { ImportProducts } from '../src/operations/import-products.js';
import { ListCategories } from '../src/operations/list-categories.js';
import { ListImportProblems } from '../src/operations/list-import-problems.js';
import { ListProducts } from '../src/operations/list-products.js';
import { ExportQueries } from '../src/storage/export-queries.js';
import { claimJob, type LeasedJob } from '../src/storage/imports/import-leases.js';
import { ImportQueries } from '../src/storage/imports/import-queries.js';
import { openPrisma } from '../src/storage/prisma.js';
import { ProductQueries } from '../src/storage/product-queries.js';

const silent: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const OPERATOR: Caller = { kind: 'operator', customerId: newId() };
const FRAME_BYTES = 256 * 1024;

/** A row of the outbox: what would be published. */
export interface PublishedMessage {
  readonly type: string;
  readonly key: string;
  readonly version: number;
  readonly data: Record<string, unknown> | null;
}

export interface UploadOptions {
  readonly file?: string;
  readonly format?: 'shopify' | 'ndjson';
  readonly currency?: string;
  readonly frameBytes?: number;
  readonly contentType?: string;
}

const CONTENT_TYPES = { shopify: 'text/csv', ndjson: 'application/x-ndjson' };

/** The catalog's operations on a database of their own: commands through messaging's executor, without Kafka. */
export class Shop {
  static async open(): Promise<Shop> {
    const test = await testDatabase({ migrations: [messagingMigrations, 'apps/catalog/prisma/migrations'] });
    return new Shop(test.url, () => test.drop());
  }

  readonly database: PgDatabase;
  private readonly prisma;
  private readonly executor: InboxExecutor;

  private constructor(
    readonly url: string,
    private readonly drop: () => Promise<void>,
  ) {
    // Nobody here tries again what was broken off because the test paused for a moment.
    const timeouts = { statementMs: 20_000, lockMs: 20_000, idleInTransactionMs: 20_000, transactionMs: 30_000 };
    this.database = new PgDatabase({ name: 'catalog', urls: [url], clone: 'catalog-test', timeouts });
    this.prisma = openPrisma(url, 'catalog-test');
    this.executor = new InboxExecutor({ database: this.database, validateOutput: true });
  }

  async close(): Promise<void> {
    await this.prisma.$disconnect();
    await this.database.close();
    await this.drop();
  }

  /** Runs a command as an operator. @throws OperationError if it fails. */
  async command<C extends Command>(
    operation: C,
    type: Class<Handler<C>>,
    input: unknown,
    options: { expectedVersion?: number; id?: string } = {},
  ): Promise<OutputOf<C>> {
    const handler = new (type as unknown as new (config: object) => Handler<Command>)({ CATALOG_LOW_STOCK: 2 });
    const request = {
      id: options.id ?? newId(),
      key: 'any',
      bodyText: JSON.stringify(input),
      input: operation.input.parse(input),
      caller: OPERATOR,
      expectedVersion: options.expectedVersion,
      traceparent: undefined,
      sentAt: new Date(),
      budgetLeft: () => GENEROUS_BUDGET_MS,
    };
    // As a service does: a server that is only slow on a busy machine may seem to be unavailable.
    const reply = await eventually(() => this.executor.execute({ operation, handler }, request), {
      passes: (error) => this.database.isTransient(error),
    });
    const body = JSON.parse(reply.body) as never;
    if (reply.ok) return body;
    const { code, detail, problems } = body as { code: string; detail: string; problems?: [] };
    throw new OperationError(code, detail, problems);
  }

  private async query<Q extends Query>(operation: Q, handler: Handler<Q>, input: unknown): Promise<OutputOf<Q>> {
    const fail = (code: string, detail?: string): never => {
      throw new OperationError(code, detail);
    };
    const context = { caller: OPERATOR, budgetMs: GENEROUS_BUDGET_MS, fail };
    const run = (handler as unknown as Handler<Query>).handle;
    const output = await run(operation.input.parse(input) as InputOf<Query>, context);
    return operation.output.parse(output) as OutputOf<Q>;
  }

  product(handle: string): Promise<Product> {
    return this.query(catalog.getProduct, new GetProduct(new ProductQueries(this.prisma)), {
      handle,
    }) as Promise<Product>;
  }

  list(input: object = {}): Promise<OutputOf<typeof catalog.listProducts>> {
    return this.query(catalog.listProducts, new ListProducts(new ProductQueries(this.prisma)), input);
  }

  async handles(input: object = {}): Promise<string[]> {
    return (await this.list(input)).items.map(({ handle }) => handle);
  }

  async categories(): Promise<Record<string, number>> {
    const { items } = await this.query(catalog.listCategories, new ListCategories(new ProductQueries(this.prisma)), {});
    return Object.fromEntries(items.map(({ handle, products }) => [handle, products]));
  }

  stockOf(sku: string): Promise<StockLevel> {
    return this.query(catalog.getStock, new GetStock(new StockQueries(this.prisma)), { sku });
  }

  movements(input: object): Promise<OutputOf<typeof catalog.listStockMovements>> {
    return this.query(catalog.listStockMovements, new ListStockMovements(new StockQueries(this.prisma)), input);
  }

  /** Lets shoppers see what sales changed, as each clone does all the time. */
  async showAvailability(): Promise<void> {
    while (await this.database.transaction(0, publishStale));
  }

  getImport(id: string): Promise<ImportJob> {
    return this.query(catalog.getImport, new GetImport(new ImportQueries(this.prisma)), { id });
  }

  listProblems(input: object): Promise<OutputOf<typeof catalog.listImportProblems>> {
    return this.query(catalog.listImportProblems, new ListImportProblems(new ImportQueries(this.prisma)), input);
  }

  async problems(id: string): Promise<ImportProblem[]> {
    return (await this.listProblems({ id, limit: 500 })).items;
  }

  private part(format: string, cursor?: string): Promise<OutputOf<typeof catalog.exportProducts>> {
    const handler = new ExportProducts(new ExportQueries(this.prisma));
    return this.query(catalog.exportProducts, handler, { format, ...(cursor && { cursor }) });
  }

  /** The cursor behind a part. */
  async exportPart(format: 'shopify' | 'ndjson', cursor?: string): Promise<string | null> {
    return (await this.part(format, cursor)).next;
  }

  /** The whole file, and the parts that it came in. */
  async export(format: 'shopify' | 'ndjson'): Promise<{ text: string; parts: string[] }> {
    const parts: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const part = await this.part(format, cursor);
      parts.push(part.chunk);
      cursor = part.next;
    }
    return { text: parts.join(''), parts };
  }

  /** Uploads a file frame by frame, as the gateway does. */
  async upload(content: string | Buffer, options: UploadOptions = {}): Promise<ImportJob> {
    const { format = 'shopify', file = 'test.csv', currency = 'USD', frameBytes = FRAME_BYTES } = options;
    const bytes = Buffer.from(content);
    const id = newId();
    const contentType = options.contentType ?? CONTENT_TYPES[format];
    const frames = Math.max(1, Math.ceil(bytes.length / frameBytes));
    let job: ImportJob | undefined;
    for (let sequence = 0; sequence < frames; sequence++) {
      const data = bytes.subarray(sequence * frameBytes, (sequence + 1) * frameBytes).toString('base64');
      const upload = { id, sequence, last: sequence === frames - 1, contentType, data };
      job = await this.command(catalog.importProducts, ImportProducts, { format, file, currency, upload });
    }
    if (!job) throw new Error('nothing was uploaded');
    return job;
  }

  claim(): Promise<LeasedJob | undefined> {
    return this.database.transaction(0, (tx) => claimJob(tx, newId()));
  }

  runOf(job: LeasedJob, signal = new AbortController().signal): ImportRun {
    return new ImportRun(this.database, job, silent, signal);
  }

  /** Works a job off until a part of it is saved, and stops then. */
  async runOnePart(job: LeasedJob): Promise<void> {
    const stop = new AbortController();
    const saved = async (): Promise<number> => (await this.getImport(job.id)).bytesProcessed;
    const before = await saved();
    const transaction: PgDatabase['transaction'] = async (bucket, work) => {
      const result = await this.database.transaction(bucket, work);
      if ((await saved()) > before) stop.abort();
      return result;
    };
    const database: PgDatabase = Object.assign(Object.create(this.database), { transaction });
    await new ImportRun(database, job, silent, stop.signal).run();
  }

  /** Uploads a file and works it off. */
  async import(
    content: string | Buffer,
    options: UploadOptions = {},
  ): Promise<{ job: ImportJob; problems: ImportProblem[] }> {
    const { id } = await this.upload(content, options);
    const leased = await this.claim();
    if (leased?.id !== id) throw new Error(`the job to run is ${leased?.id}, not ${id}`);
    await this.runOf(leased).run();
    return { job: await this.getImport(id), problems: await this.problems(id) };
  }

  sql<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
    return this.database.transaction(0, async (tx) => (await tx.query<Row>(text, values)).rows);
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

  /** The messages published since the last call, in order. */
  async messages(): Promise<PublishedMessage[]> {
    const rows = await this.sql<{ type: string; key: string; version: string; body: string | null }>(
      `WITH taken AS (DELETE FROM outbox RETURNING *) SELECT headers->>'type' AS type, key, version, body FROM taken ORDER BY id`,
    );
    return rows.map(({ type, key, version, body }) => ({
      type,
      key,
      version: Number(version),
      data: body === null ? null : JSON.parse(body),
    }));
  }
}
