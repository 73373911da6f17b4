import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@stoa/testing';
import { isTransient, Session, type Sql } from '@stoa/postgres';
import { bucketOf } from '../src/map/bucket.js';
import type { PooledServer } from './pooled-server.js';
import type { ShardedDatabase } from '../src/routing/sharded-database.js';
import type { Cluster } from './cluster.js';
import { idIn } from './rows.js';

/** The acknowledged state of one customer. It has one writer, so that the result of each read is known beforehand. */
interface Model {
  readonly id: string;
  version: number;
  readonly orders: Set<string>;
  /** Orders of unknown state: the connection broke before the reply. */
  readonly unknown: Set<string>;
}

export interface LoadReport {
  /** Acknowledged writes. */
  readonly acknowledged: number;
  readonly reads: number;
  readonly lost: number;
  readonly doubled: number;
  readonly stale: number;
  /** Events that were relayed out of order, or never. */
  readonly disordered: number;
  readonly failures: readonly string[];
  /** Milliseconds that the slowest write took. */
  readonly slowest: number;
}

type Database = ShardedDatabase<Sql, PooledServer>;

/** Writes and reads customers without pause and keeps a model of what was acknowledged. */
export class Load {
  private readonly models: Model[] = [];
  private readonly relayed = new Map<string, number[]>();
  private readonly failures: string[] = [];
  private readonly stopping = new AbortController();
  private readonly drained = new AbortController();
  private writing: Promise<unknown> = Promise.resolve();
  private relaying: Promise<unknown> = Promise.resolve();
  private relayUntil = Number.POSITIVE_INFINITY;
  private reads = 0;
  private stale = 0;
  private slowest = 0;

  constructor(
    private readonly cluster: Cluster,
    private readonly database: Database,
    private readonly options: {
      buckets: readonly number[];
      writers: number;
      pauseMs: number;
      queue: boolean;
      reads: boolean;
    },
  ) {}

  async start(): Promise<void> {
    const { buckets, writers, queue } = this.options;
    for (const bucket of buckets) {
      const model: Model = { id: idIn(bucket), version: 0, orders: new Set(), unknown: new Set() };
      this.models.push(model);
      const insert = `INSERT INTO customers (id, name) VALUES ($1, 'load')`;
      await this.database.transaction(bucket, (tx) => tx.query(insert, [model.id]));
    }
    const mine = (writer: number): Model[] => this.models.filter((_, index) => index % writers === writer);
    this.writing = Promise.all(Array.from({ length: writers }, (_, writer) => this.writer(mine(writer))));
    if (!queue) return;
    this.relaying = Promise.all([...this.cluster.shards].map(([shard, { adminUrl }]) => this.relay(shard, adminUrl)));
  }

  /** Waits until more than `count` writes are acknowledged: on a slow machine the work may be done before. */
  reaches(count: number): Promise<void> {
    return eventually(() => expect(this.acknowledged).toBeGreaterThan(count));
  }

  /** Writes begun so far. */
  attempts = 0;

  /** Acknowledged writes so far. */
  get acknowledged(): number {
    return this.models.reduce((sum, { orders }) => sum + orders.size, 0);
  }

  async stop(): Promise<LoadReport> {
    this.stopping.abort();
    await this.writing;
    this.drained.abort();
    this.relayUntil = performance.now() + 30_000;
    await this.relaying;
    return this.check();
  }

  private async writer(models: readonly Model[]): Promise<void> {
    for (let turn = 0; !this.stopping.signal.aborted; turn += 1) {
      const model = models[turn % models.length];
      if (!model) return;
      try {
        await (this.options.reads && turn % 3 === 2 ? this.read(model) : this.write(model));
      } catch (error) {
        this.failures.push(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
      }
      await delay(this.options.pauseMs);
    }
  }

  private async write(model: Model): Promise<void> {
    const order = randomUUID();
    const started = performance.now();
    this.attempts += 1;
    try {
      const version = await this.database.transaction(bucketOf(model.id), (tx) => this.place(tx, model.id, order));
      if (version <= model.version) this.failures.push(`version ${model.version} of ${model.id} was forgotten`);
      model.version = version;
      model.orders.add(order);
    } catch (error) {
      if (!this.database.isTransient(error)) throw error;
      model.unknown.add(order);
    }
    this.slowest = Math.max(this.slowest, performance.now() - started);
  }

  private async place(tx: Sql, customer: string, order: string): Promise<number> {
    const bucket = bucketOf(customer);
    const bump = 'UPDATE customers SET version = version + 1 WHERE bucket = $1 AND id = $2 RETURNING version';
    const { rows } = await tx.query<{ version: string }>(bump, [bucket, customer]);
    if (!rows[0]) throw new Error(`customer ${customer} was not found`);
    const version = Number(rows[0].version);
    await tx.query('INSERT INTO orders (id, customer_id, amount) VALUES ($1, $2, 1)', [order, customer]);
    await tx.query('INSERT INTO visits (customer_id) VALUES ($1)', [customer]);
    if (this.options.queue) {
      await tx.query('INSERT INTO outbox (bucket, key, version) VALUES ($1, $2, $3)', [bucket, customer, version]);
    }
    return version;
  }

  private async read(model: Model): Promise<void> {
    const text = 'SELECT version FROM customers WHERE bucket = $1 AND id = $2';
    const bucket = bucketOf(model.id);
    try {
      const [row] = await this.database.read<{ version: string }>(bucket, { text, values: [bucket, model.id] });
      this.reads += 1;
      if (!row || Number(row.version) < model.version) this.stale += 1;
    } catch (error) {
      if (!this.database.isTransient(error)) throw error;
    }
  }

  /** Records, then deletes rows in the order of ids, as a relay to a broker does. */
  private async relay(shard: string, url: string): Promise<void> {
    let session: Session | undefined;
    // After the last write, until nothing is left.
    for (let isEmpty = false; !isEmpty && performance.now() < this.relayUntil;) {
      const { aborted: isOver } = this.drained.signal;
      try {
        session ??= await Session.open({ url, server: shard, application: 'relay' });
        isEmpty = (await this.relayBatch(session)) === 0 && isOver;
      } catch (error) {
        if (!isTransient(error)) this.failures.push(`relay of ${shard}: ${String(error)}`);
        await session?.close();
        session = undefined;
      }
      await delay(25);
    }
    await session?.close();
  }

  /** Relays one batch. @returns the number of rows. */
  private async relayBatch(session: Session): Promise<number> {
    const { rows } = await session.query<{ id: string; key: string; version: string }>(
      'SELECT id, key, version FROM outbox ORDER BY id LIMIT 1000',
    );
    if (rows.length === 0) return 0;
    for (const { key, version } of rows) {
      const versions = this.relayed.get(key) ?? [];
      if (!versions.includes(Number(version))) versions.push(Number(version));
      this.relayed.set(key, versions);
    }
    await session.query('DELETE FROM outbox WHERE id = ANY ($1)', [rows.map(({ id }) => id)]);
    return rows.length;
  }

  private async check(): Promise<LoadReport> {
    const found = new Map<string, number>();
    const versions = new Map<string, number>();
    for (const shard of this.cluster.shards.keys()) {
      const served = `JOIN sharding.bucket_owner AS o USING (bucket) WHERE o.state IN ('owned', 'fenced')`;
      const orders = await this.cluster.admin<{ id: string }>(
        shard,
        `SELECT id FROM orders ${served} AND customer_id = ANY ($1)`,
        [this.models.map(({ id }) => id)],
      );
      for (const { id } of orders) found.set(id, (found.get(id) ?? 0) + 1);
      const customers = await this.cluster.admin<{ id: string; version: string }>(
        shard,
        `SELECT id, version FROM customers ${served}`,
      );
      for (const { id, version } of customers) versions.set(id, Number(version));
    }
    let [lost, disordered] = [0, 0];
    for (const { id, version, orders } of this.models) {
      for (const order of orders) if (!found.has(order)) lost += 1;
      if ((versions.get(id) ?? -1) < version) lost += 1;
      if (this.options.queue) disordered += this.disorder(id, versions.get(id) ?? 0);
    }
    const known = new Set(this.models.flatMap(({ orders, unknown }) => [...orders, ...unknown]));
    const extra = [...found].filter(([id, times]) => times > 1 || !known.has(id));
    const { acknowledged, reads, stale, failures, slowest } = this;
    return { acknowledged, reads, lost, doubled: extra.length, stale, disordered, failures, slowest };
  }

  private disorder(id: string, version: number): number {
    const versions = this.relayed.get(id) ?? [];
    return Array.from({ length: version }, (_, n) => n + 1).filter((n) => versions[n - 1] !== n).length;
  }
}
