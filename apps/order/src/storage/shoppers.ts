import { Injectable } from '@nestjs/common';
import type { Sql } from '@stoa/postgres';

const NEXT = `
  INSERT INTO shoppers AS known (bucket, customer_id, version) VALUES ($1, $2, 1)
  ON CONFLICT (bucket, customer_id) DO UPDATE SET version = known.version + 1
  RETURNING version, erased_at IS NOT NULL AS erased`;

/** Whoever has orders, and the version of their last event. */
@Injectable()
export class Shoppers {
  /** The version of a customer's next event; the row stays locked until the end of the transaction. */
  async next(
    tx: Sql,
    bucket: number,
    customerId: string,
  ): Promise<{ readonly version: number; readonly isErased: boolean }> {
    const { rows } = await tx.query<{ version: string; erased: boolean }>(NEXT, [bucket, customerId]);
    return { version: Number(rows[0]!.version), isErased: rows[0]!.erased };
  }
}
