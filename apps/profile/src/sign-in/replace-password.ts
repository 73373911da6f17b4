import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { customerIdOf } from '../domain/caller.js';
import { QueueMail } from '../mail/queue-mail.js';
import { Credentials } from '../storage/credentials.js';
import { Customers } from '../storage/customers.js';

type ReplacePasswordHandler = Handler<typeof profile.replacePassword>;

/**
 * Decides a change of password. The customer's version grows with it, by which the gateway knows the sessions from
 * before.
 */
@Injectable()
export class ReplacePassword implements ReplacePasswordHandler {
  constructor(
    private readonly customers: Customers,
    private readonly credentials: Credentials,
    private readonly mail: QueueMail,
  ) {}

  readonly handle: ReplacePasswordHandler['handle'] = async ({ oldHash, newHash, by }, context) => {
    const { tx, bucket, caller, now, publish, fail } = context;
    const customerId = customerIdOf(caller);
    const customer =
      (await this.customers.lock(tx, bucket, customerId)) ?? fail('NOT_FOUND', 'There is no such customer');
    if (!(await this.credentials.replace(tx, bucket, { customerId, oldHash, newHash, setBy: by })))
      return fail('WRONG_CREDENTIALS', 'The password was changed meanwhile');
    const version = customer.version + 1;
    await this.customers.save(tx, bucket, { ...customer, version, updatedAt: now });
    await this.mail.notice(tx, bucket, 'password-was-changed', { customerId, email: customer.email, now });
    await publish(profile.signInChanged, version, { customerId, changedAt: now.toISOString(), by });
    return {};
  };
}
