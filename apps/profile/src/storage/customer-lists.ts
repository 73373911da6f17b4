import { Inject, Injectable } from '@nestjs/common';
import { DATABASE } from '@stoa/messaging';
import { queryAllShards, type KeyspaceDatabase } from '@stoa/sharded-service';
import type { KeyColumn } from '@stoa/sharding';
import type { Customer } from '../domain/customer.js';
import { emailName } from '../domain/login-name.js';
import { CUSTOMER_COLUMNS, customerOf, type CustomerRow } from './customers.js';

/** A page of the list of customers, as it is asked for. */
export interface CustomerList {
  readonly sort: 'createdAt' | 'name' | 'email';
  readonly order: 'asc' | 'desc';
  /** For name and email. */
  readonly prefix?: string | undefined;
  /** For createdAt: from then on, and before then. */
  readonly from?: string | undefined;
  readonly until?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Customers of one page, with the cursors of the pages next to it. */
export interface CustomerPage {
  readonly customers: readonly Customer[];
  readonly next: string | undefined;
  readonly previous: string | undefined;
}

interface ListStatement {
  readonly text: string;
  readonly values: (list: CustomerList) => readonly unknown[];
  readonly key: KeyColumn;
}

/** Each in the order of an index (migration 3), whose other end is the customer's id: keys are unique. */
const STATEMENTS: Readonly<Record<CustomerList['sort'], ListStatement>> = {
  createdAt: {
    text: `SELECT ${CUSTOMER_COLUMNS} FROM customers
      WHERE bucket = ANY ($1) AND created_at >= $2::timestamptz AND created_at < $3::timestamptz`,
    values: ({ from = '-infinity', until = 'infinity' }) => [from, until],
    key: { column: 'created_at', type: 'timestamptz' },
  },
  name: {
    text: `SELECT ${CUSTOMER_COLUMNS}, folded_name(display_name) AS name_key FROM customers
      WHERE bucket = ANY ($1) AND starts_with(folded_name(display_name), folded_name($2))`,
    values: ({ prefix = '' }) => [prefix],
    key: { column: 'name_key', type: 'text' },
  },
  email: {
    text: `SELECT ${CUSTOMER_COLUMNS} FROM customers WHERE bucket = ANY ($1) AND starts_with(email, $2)`,
    values: ({ prefix = '' }) => [emailName(prefix).name],
    key: { column: 'email', type: 'text' },
  },
};

const FIGURES = `
  SELECT NULL AS day, count(*) AS customers FROM customers WHERE bucket = ANY ($1)
  UNION ALL
  SELECT (created_at AT TIME ZONE 'UTC')::date::text, count(*) FROM customers
  WHERE bucket = ANY ($1) AND created_at >= $2::timestamptz AND created_at < $3::timestamptz GROUP BY 1`;

/** Customers of all shards. */
@Injectable()
export class CustomerLists {
  constructor(@Inject(DATABASE) private readonly database: KeyspaceDatabase) {}

  async page(list: CustomerList, budgetMs: number): Promise<CustomerPage> {
    const { text, values, key } = STATEMENTS[list.sort];
    const { rows, next, previous } = await queryAllShards(this.database, budgetMs, (across) =>
      across.page<CustomerRow>({
        text,
        values: values(list),
        limit: list.limit,
        cursor: list.cursor,
        direction: list.order,
        orderBy: [key, { column: 'customer_id', type: 'uuid' }],
      }),
    );
    return { customers: rows.map(customerOf), next, previous };
  }

  /**
   * How many there are, and how many of them signed up on each day (UTC) that had any, from `from` on and before
   * `until`.
   */
  async figures(
    from: Date,
    until: Date,
    budgetMs: number,
  ): Promise<{ customers: number; signUps: Map<string, number> }> {
    const totals = await queryAllShards(this.database, budgetMs, (across) =>
      across.totals({ text: FIGURES, values: [from, until] }, ['day'], ['customers']),
    );
    const byDay = new Map(totals.map(({ group, sums }) => [group['day'] as string | null, Number(sums['customers'])]));
    const signUps = new Map([...byDay].filter((entry): entry is [string, number] => entry[0] !== null));
    return { customers: byDay.get(null) ?? 0, signUps };
  }
}
