import { Inject, Injectable } from '@nestjs/common';
import { DATABASE } from '@stoa/messaging';
import type { Sql, SqlDatabase } from '@stoa/postgres';
import type { AddressBook } from '../domain/address-book.js';

interface Row {
  readonly addresses: AddressBook;
}

const READ = 'SELECT addresses FROM address_books WHERE bucket = $1 AND customer_id = $2';
const SAVE = `
  INSERT INTO address_books (bucket, customer_id, addresses) VALUES ($1, $2, $3::jsonb)
  ON CONFLICT (bucket, customer_id) DO UPDATE SET addresses = excluded.addresses`;

/** The addresses of customers, in their buckets. They go with their customer. */
@Injectable()
export class AddressBooks {
  constructor(@Inject(DATABASE) private readonly database: SqlDatabase) {}

  async read(customerId: string): Promise<AddressBook> {
    const bucket = this.database.bucketOf(customerId);
    const [row] = await this.database.read<Row>(bucket, { text: READ, values: [bucket, customerId] });
    return row?.addresses ?? [];
  }

  /** That of a customer whose row is locked. */
  async find(tx: Sql, bucket: number, customerId: string): Promise<AddressBook> {
    return (await tx.query<Row>(READ, [bucket, customerId])).rows[0]?.addresses ?? [];
  }

  async save(tx: Sql, bucket: number, customerId: string, book: AddressBook): Promise<void> {
    await tx.query(SAVE, [bucket, customerId, JSON.stringify(book)]);
  }
}
