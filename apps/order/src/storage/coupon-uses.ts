import { Inject, Injectable } from '@nestjs/common';
import { DATABASE } from '@stoa/messaging';
import type { Sql, SqlDatabase } from '@stoa/postgres';

/** Uses of one counter, without holds that ended. */
export interface Uses {
  readonly inAll: number;
  readonly byCustomer: number;
}

/** An order's own use; `until` is null once it is confirmed. */
export interface OwnUse {
  readonly until: Date | null;
}

// One row for each counter, locked by all that change its uses: of many who want the last one, one gets it.
const LOCK = `
  INSERT INTO coupon_counters AS known (bucket, counter) VALUES ($1, $2)
  ON CONFLICT (bucket, counter) DO UPDATE SET counter = excluded.counter`;
const EXPIRE = 'DELETE FROM coupon_uses WHERE bucket = $1 AND counter = $2 AND until <= clock_timestamp()';
const COUNT = `
  SELECT count(*)::integer AS in_all, count(*) FILTER (WHERE customer_id = $3)::integer AS by_customer
  FROM coupon_uses
  WHERE bucket = $1 AND counter = $2 AND (until IS NULL OR until > clock_timestamp())`;
const OWN = 'SELECT until FROM coupon_uses WHERE bucket = $1 AND counter = $2 AND order_id = $3';
const HOLD = `
  INSERT INTO coupon_uses AS known (bucket, counter, order_id, customer_id, until)
  VALUES ($1, $2, $3, $4, clock_timestamp() + make_interval(secs => $5))
  ON CONFLICT (bucket, counter, order_id) DO UPDATE
  SET until = CASE WHEN known.until IS NOT NULL THEN greatest(known.until, excluded.until) END
  RETURNING until`;
const CONFIRM = `
  UPDATE coupon_uses SET until = NULL
  WHERE bucket = $1 AND counter = $2 AND order_id = $3 AND (until IS NULL OR until > clock_timestamp())`;
const FREE = 'DELETE FROM coupon_uses WHERE bucket = $1 AND counter = $2 AND order_id = $3';
const FIGURES = `
  SELECT count(*) FILTER (WHERE until IS NULL)::integer AS used,
    count(*) FILTER (WHERE until > clock_timestamp())::integer AS held
  FROM coupon_uses WHERE bucket = $1 AND counter = $2`;

interface CountRow {
  readonly in_all: number;
  readonly by_customer: number;
}

const usesOf = (row: CountRow | undefined): Uses => ({ inAll: row?.in_all ?? 0, byCustomer: row?.by_customer ?? 0 });

/** Uses of promotions with limits: a row for each order, in the bucket of the counter. Holds end by the database. */
@Injectable()
export class CouponUses {
  constructor(@Inject(DATABASE) private readonly database: SqlDatabase) {}

  /** Locks a counter until the end of the transaction, and drops the holds that ended. */
  async lock(tx: Sql, bucket: number, counter: string): Promise<void> {
    await tx.query(LOCK, [bucket, counter]);
    await tx.query(EXPIRE, [bucket, counter]);
  }

  async own(tx: Sql, bucket: number, counter: string, orderId: string): Promise<OwnUse | undefined> {
    return (await tx.query<OwnUse>(OWN, [bucket, counter, orderId])).rows[0];
  }

  async count(tx: Sql, bucket: number, counter: string, customerId: string): Promise<Uses> {
    return usesOf((await tx.query<CountRow>(COUNT, [bucket, counter, customerId])).rows[0]);
  }

  /** @returns when the hold ends; null for a use that was confirmed */
  async hold(
    tx: Sql,
    bucket: number,
    {
      counter,
      orderId,
      customerId,
      holdSeconds,
    }: Readonly<Record<'counter' | 'orderId' | 'customerId', string>> & {
      readonly holdSeconds: number;
    },
  ): Promise<Date | null> {
    const { rows } = await tx.query<OwnUse>(HOLD, [bucket, counter, orderId, customerId, holdSeconds]);
    return rows[0]!.until;
  }

  /** @returns false when the hold ended, or was never there */
  async confirm(tx: Sql, bucket: number, counter: string, orderId: string): Promise<boolean> {
    return (await tx.query(CONFIRM, [bucket, counter, orderId])).rowCount === 1;
  }

  /** @returns false when there was nothing to free */
  async free(tx: Sql, bucket: number, counter: string, orderId: string): Promise<boolean> {
    return (await tx.query(FREE, [bucket, counter, orderId])).rowCount === 1;
  }

  /** For a quote, outside of any transaction: the last word has the hold. */
  async usesOf(counter: string, customerId: string): Promise<Uses> {
    const bucket = this.database.bucketOf(counter);
    const values = [bucket, counter, customerId];
    return usesOf((await this.database.read<CountRow>(bucket, { text: COUNT, values }))[0]);
  }

  async figures(counter: string): Promise<{ readonly used: number; readonly held: number }> {
    const bucket = this.database.bucketOf(counter);
    const statement = { text: FIGURES, values: [bucket, counter] };
    const [row] = await this.database.read<{ used: number; held: number }>(bucket, statement);
    return { used: row?.used ?? 0, held: row?.held ?? 0 };
  }
}
