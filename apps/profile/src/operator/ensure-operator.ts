import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DATABASE, newId } from '@stoa/messaging';
import { CONFIG, LOGGER, PgDatabase, type Logger } from '@stoa/service';
import type { ProfileConfig } from '../config.js';
import { foldEmail } from '../domain/email.js';
import { Passwords } from '../passwords/passwords.js';
import { Credentials } from '../storage/credentials.js';
import { Customers } from '../storage/customers.js';
import { LoginNames } from '../storage/login-names.js';

const TRIES = 20;
const BETWEEN_TRIES_MS = 500;

/**
 * Makes sure at start that the operator whom the configuration names has an account. One that is there stays as it is,
 * its password too. Safe when many clones start at once: the name is unique.
 */
@Injectable()
export class EnsureOperator implements OnApplicationBootstrap {
  constructor(
    @Inject(CONFIG) private readonly config: ProfileConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(DATABASE) private readonly database: PgDatabase,
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
    const taken = (await this.names.find(email)) ?? (await this.create(email, password));
    if (taken === undefined) {
      this.logger.info({}, 'Created the operator account');
      return;
    }
    const owner = await this.customers.read(taken);
    // Not promoted: whoever registered the address first would become an operator, with a password of their own.
    if (owner?.role !== 'operator') {
      this.logger.error({ customerId: taken }, 'STOA_OPERATOR_EMAIL belongs to a customer: name another address');
    }
  }

  /** Undefined when the account was made; else the id of who took the name meanwhile. */
  private async create(email: string, password: string): Promise<string | undefined> {
    const passwordHash = await this.passwords.hash(password);
    const customerId = newId();
    const bucket = this.database.bucketOf(customerId);
    const now = new Date();
    const made = await this.database.transaction(bucket, async (tx) => {
      if (!(await this.names.take(tx, email, customerId, now))) return false;
      const facts = { locale: null, phone: null, version: 1, createdAt: now, updatedAt: now };
      await this.customers.insert(tx, bucket, {
        customerId,
        role: 'operator',
        email,
        displayName: 'Operator',
        ...facts,
      });
      await this.credentials.insert(tx, bucket, { customerId, passwordHash, setBy: null, now });
      return true;
    });
    return made ? undefined : this.names.find(email);
  }
}
