import { Inject, Injectable } from '@nestjs/common';
import { DATABASE } from '@stoa/messaging';
import { type Sql } from '@stoa/postgres';
import type { SqlDatabase } from '@stoa/postgres';
import type { Role } from '../domain/customer.js';
import { forgive, takeAttempt, type AccountAttempts, type Attempts, type Source } from '../domain/lock-out.js';
import type { LoginName } from '../domain/login-name.js';

interface StoredAttempts {
  readonly failures: number;
  readonly failedAt: string | null;
  readonly lockedUntil: string | null;
}

interface CredentialRow {
  readonly password_hash: string;
  /** Of all strangers together. */
  readonly failures: number;
  readonly failed_at: Date | null;
  readonly locked_until: Date | null;
  readonly attempts: Readonly<Record<string, StoredAttempts>>;
  /** The database's clock, by which all clones count a lock-out. */
  readonly now: Date;
}

/** An attempt to prove who one is, with the hash that it may be compared with. */
export type Attempt =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'locked'; readonly forMs: number }
  /** `locks`: if it fails, its source is locked out. */
  | { readonly kind: 'allowed'; readonly passwordHash: string; readonly locks: boolean };

/** The customer whose password was right. */
export interface Who {
  readonly customerId: string;
  readonly role: Role;
  readonly isOperator: boolean;
  /** Their password is not enough. */
  readonly hasSecondFactor: boolean;
  readonly displayName: string;
  /** Of the customer, at the moment at which the password was right. */
  readonly version: number;
}

interface WhoRow {
  readonly role: Role;
  readonly is_operator: boolean;
  readonly has_second_factor: boolean;
  readonly display_name: string;
  readonly version: number;
}

const whoOf = (customerId: string, row: WhoRow): Who => ({
  customerId,
  role: row.role,
  isOperator: row.is_operator,
  hasSecondFactor: row.has_second_factor,
  displayName: row.display_name,
  version: row.version,
});

const SET_BY = 'SELECT set_by FROM credentials WHERE bucket = $1 AND customer_id = $2';
const LOCK = `
  SELECT password_hash, failures, failed_at, locked_until, attempts, now() AS now
  FROM credentials WHERE bucket = $1 AND customer_id = $2`;
// A name leads to the account that may have it; only the account's own row says whether it does.
const HAS_NAME = `EXISTS (SELECT FROM customers AS c WHERE c.bucket = $1 AND c.customer_id = $2
    AND CASE $3 WHEN 'email' THEN c.email WHEN 'username' THEN c.username END = $4)`;
const COUNT = `
  UPDATE credentials SET failures = $3, failed_at = $4, locked_until = $5, attempts = $6::jsonb
  WHERE bucket = $1 AND customer_id = $2`;
// Only for the hash that was compared: a password that was changed meanwhile opens nothing any more.
const PROVED = `${LOCK} AND password_hash = $3 FOR UPDATE`;
const WHO = `
  SELECT role, is_operator, display_name, version, EXISTS (
      SELECT FROM second_factors AS f WHERE f.bucket = $1 AND f.customer_id = $2 AND f.confirmed_at IS NOT NULL
    ) AS has_second_factor
  FROM customers WHERE bucket = $1 AND customer_id = $2`;
const REPLACE = `
  UPDATE credentials
  SET password_hash = $4, set_by = $5, set_at = now(), failures = 0, failed_at = NULL, locked_until = NULL, attempts = '{}'
  WHERE bucket = $1 AND customer_id = $2 AND password_hash = $3`;
const RESET = `
  UPDATE credentials
  SET password_hash = $3, set_by = $4, set_at = $5, failures = 0, failed_at = NULL, locked_until = NULL, attempts = '{}'
  WHERE bucket = $1 AND customer_id = $2`;
const INSERT = `
  INSERT INTO credentials (bucket, customer_id, password_hash, set_by, set_at) VALUES ($1, $2, $3, $4, $5)`;

const timeOf = (text: string | null): Date | null => (text === null ? null : new Date(text));
const stored = ([source, { failures, failedAt, lockedUntil }]: [string, StoredAttempts]): [string, Attempts] => [
  source,
  { failures, failedAt: timeOf(failedAt), lockedUntil: timeOf(lockedUntil) },
];

const attemptsOf = (row: CredentialRow): AccountAttempts => ({
  bySource: Object.fromEntries(Object.entries(row.attempts).map(stored)),
  strangers: { failures: row.failures, failedAt: row.failed_at, lockedUntil: row.locked_until },
});

async function save(tx: Sql, bucket: number, customerId: string, attempts: AccountAttempts): Promise<void> {
  const { failures, failedAt, lockedUntil } = attempts.strangers;
  const bySource = JSON.stringify(attempts.bySource);
  await tx.query(COUNT, [bucket, customerId, failures, failedAt, lockedUntil, bySource]);
}

/**
 * Password hashes and the count of attempts. Its methods open short transactions of their own: between them a password
 * is hashed, which takes far longer than a transaction may stay open.
 */
@Injectable()
export class Credentials {
  constructor(@Inject(DATABASE) private readonly database: SqlDatabase) {}

  /** The command that set the password, null for an operator's; undefined when there is no such customer. */
  async setBy(customerId: string): Promise<string | null | undefined> {
    const bucket = this.database.bucketOf(customerId);
    const statement = { text: SET_BY, values: [bucket, customerId] };
    const [row] = await this.database.read<{ set_by: string | null }>(bucket, statement);
    return row?.set_by;
  }

  /**
   * Counts an attempt as failed, unless its source is locked out, and gives what to compare the password with.
   * @param name what the account was looked up by; it is unknown when it does not have that name
   */
  attempt(customerId: string, source: Source, name?: LoginName): Promise<Attempt> {
    const bucket = this.database.bucketOf(customerId);
    const text = `${LOCK}${name ? ` AND ${HAS_NAME}` : ''} FOR UPDATE`;
    const values = [bucket, customerId, ...(name ? [name.kind, name.name] : [])];
    return this.database.transaction(bucket, async (tx): Promise<Attempt> => {
      const [row] = (await tx.query<CredentialRow>(text, values)).rows;
      if (!row) return { kind: 'unknown' };
      const taken = takeAttempt(attemptsOf(row), source, row.now);
      if ('lockedForMs' in taken) return { kind: 'locked', forMs: taken.lockedForMs };
      await save(tx, bucket, customerId, taken.next);
      return { kind: 'allowed', passwordHash: row.password_hash, locks: taken.locks };
    });
  }

  /**
   * After a right password: forgets the failures of its source. Undefined when the password is not that one any more.
   */
  forgive(customerId: string, source: Source, passwordHash: string): Promise<Who | undefined> {
    const bucket = this.database.bucketOf(customerId);
    return this.database.transaction(bucket, async (tx) => {
      const [row] = (await tx.query<CredentialRow>(PROVED, [bucket, customerId, passwordHash])).rows;
      if (!row) return undefined;
      await save(tx, bucket, customerId, forgive(attemptsOf(row), source));
      const [who] = (await tx.query<WhoRow>(WHO, [bucket, customerId])).rows;
      return who && whoOf(customerId, who);
    });
  }

  /** Sets another password, and forgets the failures. False when it is not the old one any more. */
  async replace(
    tx: Sql,
    bucket: number,
    { customerId, oldHash, newHash, setBy }: { customerId: string; oldHash: string; newHash: string; setBy: string },
  ): Promise<boolean> {
    const { rowCount } = await tx.query(REPLACE, [bucket, customerId, oldHash, newHash, setBy]);
    return rowCount === 1;
  }

  /** Sets another password without the old one, and forgets the failures. */
  async reset(
    tx: Sql,
    bucket: number,
    credential: { customerId: string; passwordHash: string; setBy: string; now: Date },
  ): Promise<void> {
    const { customerId, passwordHash, setBy, now } = credential;
    await tx.query(RESET, [bucket, customerId, passwordHash, setBy, now]);
  }

  /** A new customer's. */
  async insert(
    tx: Sql,
    bucket: number,
    credential: { customerId: string; passwordHash: string; setBy: string | null; now: Date },
  ): Promise<void> {
    const { customerId, passwordHash, setBy, now } = credential;
    await tx.query(INSERT, [bucket, customerId, passwordHash, setBy, now]);
  }
}
