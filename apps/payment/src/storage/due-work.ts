import { Inject, Injectable } from '@nestjs/common';
import { DATABASE } from '@stoa/messaging';
import type { DatabaseServer, SqlDatabase } from '@stoa/postgres';
import { isOwned } from '@stoa/sharding';
import type { PaymentKey } from './payments.js';

/** An attempt or a refund about which a provider is to be asked. */
export interface Due extends PaymentKey {
  readonly id: string;
}

/** Nobody else asks for so long. */
const LEASE_SECONDS = 15;
const KEPT_DAYS = 30;

// Skips what another clone is claiming, or a command is changing: it comes again.
const claim = (table: string, id: string): string => `
  UPDATE ${table} AS t SET due_at = now() + make_interval(secs => ${LEASE_SECONDS})
  FROM (
    SELECT bucket, customer_id, order_id, ${id} FROM ${table}
    WHERE ${isOwned('bucket')} AND due_at <= now() ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
  ) AS due
  WHERE t.bucket = due.bucket AND t.customer_id = due.customer_id AND t.order_id = due.order_id AND t.${id} = due.${id}
  RETURNING t.customer_id AS "customerId", t.order_id AS "orderId", t.${id} AS id`;
const CLAIM_ATTEMPTS = claim('attempts', 'attempt_id');
const CLAIM_REFUNDS = claim('refunds', 'refund_id');
const PURGE = `
  DELETE FROM provider_events
  WHERE ctid IN (
    SELECT ctid FROM provider_events
    WHERE ${isOwned('bucket')} AND applied_at < now() - make_interval(days => ${KEPT_DAYS}) LIMIT 500)`;

/** Work that is due in each shard. */
@Injectable()
export class DueWork {
  constructor(@Inject(DATABASE) private readonly database: SqlDatabase) {}

  shards(): readonly DatabaseServer[] {
    return this.database.servers();
  }

  /** Takes attempts that are due. */
  async attempts(shard: DatabaseServer, most: number): Promise<Due[]> {
    return (await shard.transaction((tx) => tx.query<Due>(CLAIM_ATTEMPTS, [most]))).rows;
  }

  /** Takes refunds that are due. */
  async refunds(shard: DatabaseServer, most: number): Promise<Due[]> {
    return (await shard.transaction((tx) => tx.query<Due>(CLAIM_REFUNDS, [most]))).rows;
  }

  /** Forgets events that the provider does not send again any more. */
  async purgeEvents(shard: DatabaseServer): Promise<void> {
    await shard.transaction((tx) => tx.query(PURGE));
  }
}
