import { Inject, Injectable } from '@nestjs/common';
import { DATABASE } from '@stoa/messaging';
import type { Sql, SqlDatabase } from '@stoa/postgres';
import type { Operator, RoleChange } from '../domain/operator.js';

/** The sharding key of all operators. */
export const REGISTRY = 'operators';

const COLUMNS = 'customer_id AS "customerId", roles, version, since';
const LIST = `SELECT ${COLUMNS} FROM operators WHERE bucket = $1 AND roles <> '{}' ORDER BY since, customer_id`;
const FIND = `SELECT ${COLUMNS} FROM operators WHERE bucket = $1 AND customer_id = $2`;
// Behind the lock of the bucket: rows that others insert meanwhile are seen too.
const LOCK = 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))';
const ALL = `SELECT ${COLUMNS} FROM operators WHERE bucket = $1`;
const ENSURE = `
  INSERT INTO operators (bucket, registry, customer_id, roles) VALUES ($1, '${REGISTRY}', $2, '{owner}')
  ON CONFLICT DO NOTHING`;
const SAVE = `
  INSERT INTO operators (bucket, registry, customer_id, roles, since, changed_by)
  VALUES ($1, '${REGISTRY}', $2, $3, $4, $5)
  ON CONFLICT (bucket, customer_id) DO UPDATE
  SET roles = excluded.roles, version = operators.version + 1, changed_by = excluded.changed_by,
    since = CASE WHEN operators.roles = '{}' THEN excluded.since ELSE operators.since END
  RETURNING ${COLUMNS}`;

/** The operators and their roles: few rows, all in one bucket, so that their changes are decided one by one. */
@Injectable()
export class OperatorRegistry {
  constructor(@Inject(DATABASE) private readonly database: SqlDatabase) {}

  private get bucket(): number {
    return this.database.bucketOf(REGISTRY);
  }

  /** All who are operators now. */
  list(): Promise<Operator[]> {
    return this.database.read<Operator>(this.bucket, { text: LIST, values: [this.bucket] });
  }

  /** Undefined: never one, or one of before who has not signed in since. */
  async find(customerId: string): Promise<Operator | undefined> {
    const statement = { text: FIND, values: [this.bucket, customerId] };
    return (await this.database.read<Operator>(this.bucket, statement))[0];
  }

  /** Enters an operator of before, or of the configuration, as an owner; one who is entered stays as they are. */
  async ensureOwner(customerId: string): Promise<void> {
    await this.database.transaction(this.bucket, (tx) => this.enter(tx, this.bucket, customerId));
  }

  /** The same in a transaction. */
  async enter(tx: Sql, bucket: number, customerId: string): Promise<void> {
    await tx.query(ENSURE, [bucket, customerId]);
  }

  /** All, also those of the past; nobody else changes any until the end of the transaction. */
  async lock(tx: Sql, bucket: number): Promise<Operator[]> {
    await tx.query(LOCK, [REGISTRY]);
    return (await tx.query<Operator>(ALL, [bucket])).rows;
  }

  async save(tx: Sql, bucket: number, { customerId, roles, by }: RoleChange, now: Date): Promise<Operator> {
    const { rows } = await tx.query<Operator>(SAVE, [bucket, customerId, roles, now, by]);
    return rows[0]!;
  }
}
