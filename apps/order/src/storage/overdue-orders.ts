import { Inject, Injectable } from '@nestjs/common';
import { DATABASE, deriveId, messageRow, writeOutbox } from '@stoa/messaging';
import type { DatabaseServer, SqlDatabase } from '@stoa/postgres';
import { isOwned } from '@stoa/sharding';
import type { OrderState } from '../domain/order-state.js';
import { OrderChanges } from './order-changes.js';

export type OverdueOrder = Pick<OrderState, 'customerId' | 'orderId'>;

const OVERDUE = `
  SELECT customer_id AS "customerId", order_id AS "orderId" FROM orders
  WHERE ${isOwned('bucket')} AND hold_until < now() AND hold_until IS NOT NULL ORDER BY hold_until LIMIT $1`;
const PURGE = `
  DELETE FROM checkouts WHERE ${isOwned('bucket')} AND ctid = ANY (ARRAY(
    SELECT ctid FROM checkouts WHERE expires_at < now() - interval '7 days' ORDER BY expires_at LIMIT $1))`;
const NOW = 'SELECT clock_timestamp() AS now';

/** Orders whose time ran out, and checkouts that nobody can place any more. */
@Injectable()
export class OverdueOrders {
  constructor(
    @Inject(DATABASE) private readonly database: SqlDatabase,
    private readonly changes: OrderChanges,
  ) {}

  shards(): readonly DatabaseServer[] {
    return this.database.servers();
  }

  /** Those of a shard, the longest overdue first. */
  async find(shard: DatabaseServer, most: number): Promise<OverdueOrder[]> {
    return (await shard.transaction((tx) => tx.query<OverdueOrder>(OVERDUE, [most]))).rows;
  }

  /** Applies a rule to one of them, by the clock of its database. */
  async change(of: OverdueOrder, rule: (order: OrderState, now: Date) => OrderState): Promise<void> {
    const bucket = this.database.bucketOf(of.customerId);
    await this.database.transaction(bucket, async (tx) => {
      const { rows } = await tx.query<{ now: Date }>(NOW);
      let published = 0;
      await this.changes.change(
        {
          tx,
          bucket,
          publish: async (message, version, data) => {
            const id = deriveId(of.orderId, 'overdue', String(version), String((published += 1)));
            await writeOutbox(tx, bucket, [messageRow(message, version, data, { id, traceparent: undefined })]);
          },
        },
        of,
        (order) => rule(order, rows[0]!.now),
      );
    });
  }

  async purgeCheckouts(shard: DatabaseServer, most: number): Promise<void> {
    await shard.transaction((tx) => tx.query(PURGE, [most]));
  }
}
