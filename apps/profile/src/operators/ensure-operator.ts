import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { newId } from '@stoa/messaging';
import { CONFIG, LOGGER, type Logger } from '@stoa/service';
import type { ProfileConfig } from '../config.js';
import { isOperator } from '../domain/customer.js';
import { emailName, type LoginName } from '../domain/login-name.js';
import { NameSaga } from '../names/name-saga.js';
import { SettleNames } from '../names/settle-names.js';
import { NewPasswords } from '../passwords/new-passwords.js';
import { Passwords } from '../passwords/passwords.js';
import { Customers } from '../storage/customers.js';
import { Names } from '../storage/names.js';
import { OperatorRegistry } from '../storage/operator-registry.js';
import { Operators } from '../storage/operators.js';

const BETWEEN_TRIES_MS = 500;
/** Beyond the time after which a reservation expires: how long the data may be unavailable. */
const TIMEOUT_MS = 10_000;

/**
 * Makes sure at start that the operator whom the configuration names has an account. One that is there stays as it is,
 * its password too. Safe when many clones start at once: the name is unique.
 */
@Injectable()
export class EnsureOperator implements OnApplicationBootstrap {
  constructor(
    @Inject(CONFIG) private readonly config: ProfileConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly passwords: Passwords,
    private readonly newPasswords: NewPasswords,
    private readonly names: Names,
    private readonly saga: NameSaga,
    private readonly settle: SettleNames,
    private readonly customers: Customers,
    private readonly operators: Operators,
    private readonly registry: OperatorRegistry,
  ) {}

  /** @throws what the database throws when it can't be reached for that long. */
  async onApplicationBootstrap(): Promise<void> {
    const { STOA_OPERATOR_EMAIL: email, STOA_OPERATOR_PASSWORD: password } = this.config;
    if (email === undefined || password === undefined) return;
    const name = emailName(email);
    const deadline = performance.now() + this.config.STOA_RESERVATION_SECONDS * 1000 + TIMEOUT_MS;
    while (!(await this.attempt(name, password, deadline))) await delay(BETWEEN_TRIES_MS);
  }

  private async attempt(name: LoginName, password: string, deadline: number): Promise<boolean> {
    try {
      return await this.ensure(name, password);
    } catch (error) {
      if (performance.now() > deadline || !this.operators.isTransient(error)) throw error;
      return false;
    }
  }

  /**
   * @returns false when that can't be said yet: the name is reserved, perhaps by a clone that starts beside this one.
   */
  private async ensure(name: LoginName, password: string): Promise<boolean> {
    const customerId = await this.names.find(name);
    if (customerId === undefined) return this.create(name, password);
    const owner = await this.customers.read(customerId);
    if (!owner || owner.email !== name.name) return this.create(name, password);
    // Not promoted: whoever registered the address first would become an operator, with a password of their own.
    if (!isOperator(owner)) {
      this.logger.error({ customerId }, 'STOA_OPERATOR_EMAIL belongs to a customer: name another address');
    } else if (owner.role === 'operator') await this.registry.ensureOwner(customerId);
    return true;
  }

  private async create(name: LoginName, password: string): Promise<boolean> {
    const { problem } = await this.newPasswords.judge(password, { email: name.name, displayName: 'Operator' });
    if (problem !== undefined) throw new Error(`STOA_OPERATOR_PASSWORD ${problem}`);
    const claim = { customerId: newId(), token: newId() };
    const reserved = await this.saga.reserveAll([name], claim);
    if ('taken' in reserved) return false;
    const passwordHash = await this.passwords.hash(password);
    const made = await this.operators.create({ ...claim, email: name.name, passwordHash, until: reserved.until });
    if (made) {
      await this.registry.ensureOwner(claim.customerId);
      this.logger.info({}, 'operator account created');
    }
    await this.settle.ofDecided(claim.token, claim.customerId, this.saga.bucketsOf([name]));
    return made;
  }
}
