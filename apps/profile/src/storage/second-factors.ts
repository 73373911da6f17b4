import { Inject, Injectable } from '@nestjs/common';
import { DATABASE } from '@stoa/messaging';
import type { Sql, SqlDatabase } from '@stoa/postgres';

/** A customer's second factor. */
export interface SecondFactor {
  readonly sealedSecret: string;
  readonly isConfirmed: boolean;
  readonly lastStep: number;
  readonly recoveryCodes: readonly string[];
  readonly failures: number;
  readonly lockedUntil: Date | null;
  /** The database's clock. */
  readonly now: Date;
}

const READ = `
  SELECT sealed_secret AS "sealedSecret", confirmed_at IS NOT NULL AS "isConfirmed", last_step::integer AS "lastStep",
    recovery_codes AS "recoveryCodes", failures, locked_until AS "lockedUntil", now() AS now
  FROM second_factors WHERE bucket = $1 AND customer_id = $2`;
const ENROL = `
  INSERT INTO second_factors (bucket, customer_id, sealed_secret) VALUES ($1, $2, $3)
  ON CONFLICT (bucket, customer_id) DO UPDATE SET sealed_secret = excluded.sealed_secret, last_step = 0, failures = 0
  WHERE second_factors.confirmed_at IS NULL`;
const SAVE = `
  UPDATE second_factors
  SET confirmed_at = CASE WHEN $3 THEN coalesce(confirmed_at, now()) END, last_step = $4, recovery_codes = $5,
    failures = $6, locked_until = $7
  WHERE bucket = $1 AND customer_id = $2`;
const DELETE = 'DELETE FROM second_factors WHERE bucket = $1 AND customer_id = $2';

/** Second factors, beside the credentials of their customer. */
@Injectable()
export class SecondFactors {
  constructor(@Inject(DATABASE) private readonly database: SqlDatabase) {}

  async read(customerId: string): Promise<SecondFactor | undefined> {
    const bucket = this.database.bucketOf(customerId);
    const [row] = await this.database.read<SecondFactor>(bucket, { text: READ, values: [bucket, customerId] });
    return row;
  }

  /** Keeps a new secret. @returns false when there is one in use already */
  async enrol(tx: Sql, bucket: number, customerId: string, sealedSecret: string): Promise<boolean> {
    return (await tx.query(ENROL, [bucket, customerId, sealedSecret])).rowCount === 1;
  }

  /** Runs work that has locked the second factor, and saves it as the work returns it. Undefined: there is none. */
  change<T>(
    customerId: string,
    work: (factor: SecondFactor) => Promise<{ readonly next: SecondFactor; readonly result: T }>,
  ): Promise<T | undefined> {
    const bucket = this.database.bucketOf(customerId);
    return this.database.transaction(bucket, async (tx) => {
      const [factor] = (await tx.query<SecondFactor>(`${READ} FOR UPDATE`, [bucket, customerId])).rows;
      if (!factor) return undefined;
      const { next, result } = await work(factor);
      const { isConfirmed, lastStep, recoveryCodes, failures, lockedUntil } = next;
      await tx.query(SAVE, [bucket, customerId, isConfirmed, lastStep, recoveryCodes, failures, lockedUntil]);
      return result;
    });
  }

  async delete(customerId: string): Promise<void> {
    const bucket = this.database.bucketOf(customerId);
    await this.database.transaction(bucket, (tx) => tx.query(DELETE, [bucket, customerId]));
  }
}
