import { Inject, Injectable } from '@nestjs/common';
import { DATABASE } from '@stoa/messaging';
import { type Sql } from '@stoa/postgres';
import type { SqlDatabase } from '@stoa/postgres';
import type { Customer, Role } from '../domain/customer.js';
import type { HeldNames } from '../domain/login-name.js';

/** A row of `customers`. */
export interface CustomerRow {
  readonly customer_id: string;
  readonly role: Role;
  readonly is_operator: boolean;
  readonly email: string;
  readonly verified_email: string | null;
  readonly username: string | null;
  readonly display_name: string;
  readonly locale: string | null;
  readonly phone: string | null;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** The columns of a `CustomerRow`. */
export const CUSTOMER_COLUMNS =
  'customer_id, role, is_operator, email, verified_email, username, display_name, locale, phone, version, created_at, updated_at';
const READ = `
  SELECT ${CUSTOMER_COLUMNS}
  FROM customers WHERE bucket = $1 AND customer_id = $2`;
const LOCK = `${READ} FOR UPDATE`;
const INSERT = `
  INSERT INTO customers (bucket, customer_id, role, email, username, display_name, locale, phone, version, created_at, updated_at, verified_email)
  SELECT $1::smallint, $2::uuid, $3, $4, $5, $6, $7, $8, $9::integer, $10::timestamptz, $11::timestamptz, $12
  WHERE NOT EXISTS (SELECT FROM erased_customers WHERE bucket = $1 AND customer_id = $2)`;
const UPDATE = `
  UPDATE customers SET email = $3, username = $4, display_name = $5, locale = $6, phone = $7, version = $8, updated_at = $9,
    verified_email = $10
  WHERE bucket = $1 AND customer_id = $2`;
const MARK = `
  UPDATE customers SET role = $3, is_operator = $4, version = $5 WHERE bucket = $1 AND customer_id = $2`;

const ERASE = [
  'DELETE FROM credentials WHERE bucket = $1 AND customer_id = $2',
  'DELETE FROM customers WHERE bucket = $1 AND customer_id = $2',
];
const LEAVE_TOMBSTONE = `
  INSERT INTO erased_customers (bucket, customer_id, erased_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`;

const HELD = 'SELECT email, username FROM customers WHERE bucket = $1 AND customer_id = $2';

/** The names that a customer has at this moment; undefined: there is no such customer. */
export async function heldNames(tx: Sql, bucket: number, customerId: string): Promise<HeldNames | undefined> {
  return (await tx.query<HeldNames>(HELD, [bucket, customerId])).rows[0];
}

/** The customer of a row. */
export const customerOf = (row: CustomerRow): Customer => ({
  customerId: row.customer_id,
  role: row.role,
  isOperator: row.is_operator,
  email: row.email,
  verifiedEmail: row.verified_email,
  username: row.username,
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

  /** The same outside of a transaction. */
  async heldNames(customerId: string): Promise<HeldNames | undefined> {
    const bucket = this.database.bucketOf(customerId);
    return (await this.database.read<HeldNames>(bucket, { text: HELD, values: [bucket, customerId] }))[0];
  }

  /** Locked until the end of the transaction. */
  async lock(tx: Sql, bucket: number, customerId: string): Promise<Customer | undefined> {
    const [row] = (await tx.query<CustomerRow>(LOCK, [bucket, customerId])).rows;
    return row && customerOf(row);
  }

  /** Runs work in a transaction of its own that has locked the customer; not at all if there is none. */
  async whileLocked(
    customerId: string,
    work: (tx: Sql, bucket: number, customer: Customer) => Promise<void>,
  ): Promise<void> {
    const bucket = this.database.bucketOf(customerId);
    await this.database.transaction(bucket, async (tx) => {
      const customer = await this.lock(tx, bucket, customerId);
      if (customer) await work(tx, bucket, customer);
    });
  }

  /** @returns false when there was such a customer, who was erased; nothing is written then. */
  async insert(tx: Sql, bucket: number, customer: Customer): Promise<boolean> {
    const { customerId, role, email, username, displayName, locale, phone, version, createdAt, updatedAt } = customer;
    const { verifiedEmail } = customer;
    const values = [
      bucket,
      customerId,
      role,
      email,
      username,
      displayName,
      locale,
      phone,
      version,
      createdAt,
      updatedAt,
      verifiedEmail,
    ];
    const { rowCount } = await tx.query(INSERT, values);
    return rowCount === 1;
  }

  /** Writes whether and how a customer that `lock` gave is an operator. */
  async mark(tx: Sql, bucket: number, customer: Customer): Promise<void> {
    const { customerId, role, isOperator, version } = customer;
    await tx.query(MARK, [bucket, customerId, role, isOperator, version]);
  }

  /** Deletes a customer that `lock` gave, with their credentials; what is left says that they were there. */
  async erase(tx: Sql, bucket: number, customerId: string, now: Date): Promise<void> {
    for (const text of ERASE) await tx.query(text, [bucket, customerId]);
    await tx.query(LEAVE_TOMBSTONE, [bucket, customerId, now]);
  }

  /** Writes what `lock` gave and `changeCustomer` changed. */
  async save(tx: Sql, bucket: number, customer: Customer): Promise<void> {
    const { customerId, email, username, displayName, locale, phone, version, updatedAt, verifiedEmail } = customer;
    const values = [bucket, customerId, email, username, displayName, locale, phone, version, updatedAt, verifiedEmail];
    await tx.query(UPDATE, values);
  }
}
