import { Inject, Injectable } from '@nestjs/common';
import { DATABASE } from '@stoa/messaging';
import type { Invoice, InvoiceDraft } from '@stoa/order-contract';
import type { Sql, SqlDatabase } from '@stoa/postgres';

interface Row {
  readonly number: string | null;
  readonly issued_at: Date | null;
  readonly body: InvoiceDraft;
}

/** A document before it has a number. */
export interface Draft {
  readonly documentId: string;
  readonly customerId: string;
  readonly series: string;
  readonly draft: InvoiceDraft;
}

const SERIES = 'SELECT series FROM invoices WHERE bucket = $1 AND document_id = $2';
const ADD = `
  INSERT INTO invoices (bucket, document_id, order_id, customer_id, series, body) VALUES ($1, $2, $3, $4, $5, $6)`;
const NUMBER = `
  UPDATE invoices SET number = coalesce(number, $3), issued_at = coalesce(issued_at, $4)
  WHERE bucket = $1 AND document_id = $2
  RETURNING number, issued_at, body`;
const OF_ORDER = `
  SELECT number, issued_at, body FROM invoices
  WHERE bucket = $1 AND order_id = $2 AND number IS NOT NULL
  ORDER BY issued_at, document_id`;

function invoiceOf({ number, issued_at, body }: Row): Invoice {
  if (number === null || issued_at === null) throw new Error('A document without a number is no invoice yet');
  return { ...body, number, issuedAt: issued_at.toISOString() };
}

/** Invoices and credit notes, in the bucket of their order. */
@Injectable()
export class Invoices {
  constructor(@Inject(DATABASE) private readonly database: SqlDatabase) {}

  /** The series of a document that was written down; undefined: it was not. */
  async seriesOf(tx: Sql, bucket: number, documentId: string): Promise<string | undefined> {
    return (await tx.query<{ series: string }>(SERIES, [bucket, documentId])).rows[0]?.series;
  }

  async add(tx: Sql, bucket: number, { documentId, customerId, series, draft }: Draft): Promise<void> {
    await tx.query(ADD, [bucket, documentId, draft.orderId, customerId, series, JSON.stringify(draft)]);
  }

  /** Puts its number on a document; one that has a number keeps it. */
  async number(
    tx: Sql,
    bucket: number,
    documentId: string,
    number: string,
    issuedAt: string,
  ): Promise<Invoice | undefined> {
    const { rows } = await tx.query<Row>(NUMBER, [bucket, documentId, number, issuedAt]);
    return rows[0] && invoiceOf(rows[0]);
  }

  /** The issued documents of an order, the oldest first. */
  async ofOrder(bucket: number, orderId: string): Promise<Invoice[]> {
    const statement = { text: OF_ORDER, values: [bucket, orderId] };
    return (await this.database.read<Row>(bucket, statement)).map(invoiceOf);
  }
}
