import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { changeCustomer } from '../domain/customer.js';
import { QueueMail } from '../mail/queue-mail.js';
import { Credentials } from '../storage/credentials.js';
import { Customers } from '../storage/customers.js';
import { Links } from '../storage/links.js';
import { LINK_ENDED } from './link-ended.js';

type SetResetPasswordHandler = Handler<typeof profile.setResetPassword>;

/**
 * Uses up a link and sets the password, in one transaction: of those who send the same link at once, one gets through.
 * Whoever used it reads the address, so it is verified; other links to reset the password end, and so do all sessions.
 */
@Injectable()
export class SetResetPassword implements SetResetPasswordHandler {
  constructor(
    private readonly customers: Customers,
    private readonly credentials: Credentials,
    private readonly links: Links,
    private readonly mail: QueueMail,
  ) {}

  readonly handle: SetResetPasswordHandler['handle'] = async (input, { tx, bucket, commandId, now, publish, fail }) => {
    const { customerId, passwordHash } = input;
    const customer = await this.customers.lock(tx, bucket, customerId);
    const email = await this.links.take(tx, bucket, { ...input, purpose: 'reset-password' });
    if (!customer || email !== customer.email) return fail('LINK_ENDED', LINK_ENDED);
    await this.links.drop(tx, bucket, customerId, 'reset-password');
    await this.credentials.reset(tx, bucket, { customerId, passwordHash, setBy: commandId, now });
    const changed = changeCustomer(customer, { verifiedEmail: email }, now);
    const version = customer.version + 1;
    await this.customers.save(tx, bucket, { ...changed, version, updatedAt: now });
    await this.mail.notice(tx, bucket, 'password-was-reset', { customerId, email, now });
    await publish(profile.passwordReset, version, { customerId, resetAt: now.toISOString() });
    return {};
  };
}
