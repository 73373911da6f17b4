import { Injectable } from '@nestjs/common';
import type { Sql } from '@stoa/postgres';

interface NumberRow {
  readonly number: number;
  readonly issued_at: Date;
}

const FIND = 'SELECT number, issued_at FROM invoice_numbers WHERE bucket = $1 AND series = $2 AND document_id = $3';
// The row of the series stays locked until the end of the transaction: a number that is rolled back is given again.
const LOCK = `
  INSERT INTO invoice_series AS known (bucket, series, last) VALUES ($1, $2, 0)
  ON CONFLICT (bucket, series) DO UPDATE SET last = known.last`;
const NEXT = `
  UPDATE invoice_series SET last = last + 1 WHERE bucket = $1 AND series = $2 RETURNING last AS number`;
const GIVE = `
  INSERT INTO invoice_numbers (bucket, series, number, document_id, order_id, customer_id, issued_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7)`;

/** A document that gets a number. */
export interface NumberedDocument {
  readonly series: string;
  readonly documentId: string;
  readonly orderId: string;
  readonly customerId: string;
}

/** Numbers without gaps: a row for each series, and one for each number, in the bucket of the series. */
@Injectable()
export class InvoiceSeries {
  /** The number of a document: the next one, or the one that it has. */
  async numberOf(
    tx: Sql,
    bucket: number,
    { series, documentId, orderId, customerId }: NumberedDocument,
    now: Date,
  ): Promise<{ readonly number: number; readonly issuedAt: Date }> {
    await tx.query(LOCK, [bucket, series]);
    const { rows: known } = await tx.query<NumberRow>(FIND, [bucket, series, documentId]);
    if (known[0]) return { number: known[0].number, issuedAt: known[0].issued_at };
    const { rows } = await tx.query<NumberRow>(NEXT, [bucket, series]);
    const { number } = rows[0]!;
    await tx.query(GIVE, [bucket, series, number, documentId, orderId, customerId, now]);
    return { number, issuedAt: now };
  }
}
