import { Inject, Injectable } from '@nestjs/common';
import { closeCommand, DATABASE } from '@stoa/messaging';
import type { SqlDatabase } from '@stoa/postgres';
import type { Customer } from '../domain/customer.js';
import type { Claim } from '../domain/reservation.js';
import { Credentials } from './credentials.js';
import { Customers } from './customers.js';

/** An operator to be created. */
export interface NewOperator extends Claim {
  /** Folded, and reserved for this claim. */
  readonly email: string;
  readonly passwordHash: string;
  /** When the reservation must not be relied on any more. */
  readonly until: Date;
}

/** Makes accounts of operators: no caller requests them over Kafka, so no command does it. */
@Injectable()
export class Operators {
  constructor(
    @Inject(DATABASE) private readonly database: SqlDatabase,
    private readonly customers: Customers,
    private readonly credentials: Credentials,
  ) {}

  /** @returns false when the reservation expired meanwhile, and nothing was made. */
  create({ customerId, token, email, passwordHash, until }: NewOperator): Promise<boolean> {
    const bucket = this.database.bucketOf(customerId);
    return this.database.transaction(bucket, async (tx) => {
      // Decided as a command is: by a row of the inbox, which whoever gives the reservation up would write before.
      const { isNew } = await closeCommand(tx, { bucket, commandId: token, key: customerId }, { ok: true, body: '{}' });
      const now = (await tx.query<{ now: Date }>('SELECT now() AS now', [])).rows[0]!.now;
      if (!isNew || now > until) return false;
      const operator: Customer = {
        customerId,
        role: 'operator',
        isOperator: true,
        email,
        // Whoever configured it answers for it.
        verifiedEmail: email,
        username: null,
        displayName: 'Operator',
        locale: null,
        phone: null,
        version: 1,
        createdAt: now,
        updatedAt: now,
      };
      await this.customers.insert(tx, bucket, operator);
      await this.customers.mark(tx, bucket, operator);
      await this.credentials.insert(tx, bucket, { customerId, passwordHash, setBy: null, now });
      return true;
    });
  }

  isTransient(error: unknown): boolean {
    return this.database.isTransient(error);
  }
}
