import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DATABASE, deriveId } from '@stoa/messaging';
import { CONFIG, LOGGER, type Logger, type SqlDatabase } from '@stoa/service';
import type { ProfileConfig } from '../config.js';
import { foldEmail } from '../domain/email.js';
import { Passwords } from '../passwords/passwords.js';
import { Credentials } from '../storage/credentials.js';
import { Customers } from '../storage/customers.js';
import { LoginNames } from '../storage/login-names.js';

/** An operator's id follows from the address: whichever clone makes the account, and however often it is begun, it is one. */
const OPERATORS = '01900000-0000-7000-8000-000000000000';
const TRIES = 20;
const BETWEEN_TRIES_MS = 500;

/**
 * Makes sure at start that the operator whom the configuration names has an account. One that is there stays as it is,
 * its password too. Safe when many clones start at once.
 */
@Injectable()
export class EnsureOperator implements OnApplicationBootstrap {
  constructor(
    @Inject(CONFIG) private readonly config: ProfileConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(DATABASE) private readonly database: SqlDatabase,
    private readonly passwords: Passwords,
    private readonly names: LoginNames,
    private readonly customers: Customers,
    private readonly credentials: Credentials,
  ) {}

  /** @throws what the database throws when it can't be reached for ten seconds. */
  async onApplicationBootstrap(): Promise<void> {
    const { STOA_OPERATOR_EMAIL: email, STOA_OPERATOR_PASSWORD: password } = this.config;
    if (email === undefined || password === undefined) return;
    for (let tries = 1; ; tries++) {
      try {
        await this.ensure(foldEmail(email), password);
        return;
      } catch (error) {
        if (tries >= TRIES || !this.database.isTransient(error)) throw error;
        await delay(BETWEEN_TRIES_MS);
      }
    }
  }

  private async ensure(email: string, password: string): Promise<void> {
    const customerId = deriveId(OPERATORS, email);
    const owner = (await this.names.find(email)) ?? customerId;
    // Not promoted: whoever registered the address first would become an operator, with a password of their own.
    if (owner !== customerId || !(await this.names.take(email, customerId))) {
      this.logger.error({ customerId: owner }, 'STOA_OPERATOR_EMAIL belongs to a customer: name another address');
      return;
    }
    if (await this.customers.read(customerId)) return;
    if (await this.create(customerId, email, password)) this.logger.info({}, 'Created the operator account');
  }

  /** False when another clone has just done so. */
  private async create(customerId: string, email: string, password: string): Promise<boolean> {
    const passwordHash = await this.passwords.hash(password);
    const bucket = this.database.bucketOf(customerId);
    const now = new Date();
    return this.database.transaction(bucket, async (tx) => {
      const facts = { locale: null, phone: null, version: 1, createdAt: now, updatedAt: now };
      const operator = { customerId, role: 'operator', email, displayName: 'Operator', ...facts } as const;
      if (!(await this.customers.insert(tx, bucket, operator))) return false;
      await this.credentials.insert(tx, bucket, { customerId, passwordHash, setBy: null, now });
      return true;
    });
  }
}
