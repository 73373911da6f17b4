import { Inject, Injectable } from '@nestjs/common';
import { DATABASE, type Sql } from '@stoa/messaging';
import type { SqlDatabase } from '@stoa/service';
import type { Customer, Role } from '../domain/customer.js';

export interface CustomerRow {
  readonly customer_id: string;
  readonly role: Role;
  readonly email: string;
  readonly display_name: string;
  readonly locale: string | null;
  readonly phone: string | null;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export const CUSTOMER_COLUMNS =
  'customer_id, role, email, display_name, locale, phone, version, created_at, updated_at';
const READ = `
  SELECT ${CUSTOMER_COLUMNS}
  FROM customers WHERE bucket = $1 AND customer_id = $2`;
const LOCK = `${READ} FOR UPDATE`;
const INSERT = `
  INSERT INTO customers (bucket, customer_id, role, email, display_name, locale, phone, version, created_at, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (bucket, customer_id) DO NOTHING`;
const UPDATE = `
  UPDATE customers SET display_name = $3, locale = $4, phone = $5, version = $6, updated_at = $7
  WHERE bucket = $1 AND customer_id = $2`;

export const customerOf = (row: CustomerRow): Customer => ({
  customerId: row.customer_id,
  role: row.role,
  email: row.email,
  displayName: row.display_name,
  locale: row.locale,
  phone: row.phone,
  version: row.version,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

/** Customers in Postgres. */
@Injectable()
export class Customers {
  constructor(@Inject(DATABASE) private readonly database: SqlDatabase) {}

  /** For queries: one statement, no transaction. */
  async read(customerId: string): Promise<Customer | undefined> {
    const bucket = this.database.bucketOf(customerId);
    const [row] = await this.database.read<CustomerRow>(bucket, { text: READ, values: [bucket, customerId] });
    return row && customerOf(row);
  }

  /** Locked until the end of the transaction. */
  async lock(tx: Sql, bucket: number, customerId: string): Promise<Customer | undefined> {
    const [row] = (await tx.query<CustomerRow>(LOCK, [bucket, customerId])).rows;
    return row && customerOf(row);
  }

  /** False when the customer is there already. */
  async insert(tx: Sql, bucket: number, customer: Customer): Promise<boolean> {
    const { customerId, role, email, displayName, locale, phone, version, createdAt, updatedAt } = customer;
    const values = [bucket, customerId, role, email, displayName, locale, phone, version, createdAt, updatedAt];
    const { rowCount } = await tx.query(INSERT, values);
    return rowCount === 1;
  }

  /** Writes what `lock` gave and `changeCustomer` changed. */
  async save(tx: Sql, bucket: number, customer: Customer): Promise<void> {
    const { customerId, displayName, locale, phone, version, updatedAt } = customer;
    await tx.query(UPDATE, [bucket, customerId, displayName, locale, phone, version, updatedAt]);
  }
}
