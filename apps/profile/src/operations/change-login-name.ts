import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import type { Sql } from '@stoa/postgres';
import { changeCustomer, profileOf, type Customer } from '../domain/customer.js';
import { Customers } from '../storage/customers.js';
import { QueueMail } from '../mail/queue-mail.js';
import { Names } from '../storage/names.js';
import { customerIdOf } from '../domain/caller.js';

type ChangeLoginNameHandler = Handler<typeof profile.changeLoginName>;

/**
 * Decides a change of a login name. Only from the name that was reserved together with the new one: another, which a
 * change in between gave, would never be released.
 */
@Injectable()
export class ChangeLoginName implements ChangeLoginNameHandler {
  constructor(
    private readonly customers: Customers,
    private readonly names: Names,
    private readonly mail: QueueMail,
  ) {}

  readonly handle: ChangeLoginNameHandler['handle'] = async ({ kind, from, to, by }, context) => {
    const { tx, bucket, commandId, caller, now, publish, fail, failAndKeep } = context;
    if (kind === 'email' && to === null) return fail('INVALID_INPUT', 'Every customer has an e-mail address');
    const customerId = customerIdOf(caller);
    const buckets = [from, to].filter((name) => name !== null).map((name) => this.names.bucketOf({ kind, name }));
    // Published whatever the outcome: the names are to be settled either way.
    await publish(profile.namesDecided, 1, { token: commandId, customerId, buckets });
    const current = await this.customers.lock(tx, bucket, customerId);
    if (!current) return failAndKeep('NOT_FOUND', 'There is no such customer');
    if (current[kind] !== from) {
      return failAndKeep('ABANDONED', 'The name was changed meanwhile: look at it, and send this again');
    }
    const changed = changeCustomer(current, kind === 'email' ? { email: to ?? current.email } : { username: to }, now);
    const { displayName, version } = changed;
    await Promise.all([
      this.customers.save(tx, bucket, changed),
      publish(profile.profileChanged, version, { customerId, displayName, changedAt: now.toISOString() }),
    ]);
    if (kind === 'email' && changed !== current) {
      await this.report(tx, bucket, current, changed);
      await publish(profile.signInChanged, version, { customerId, changedAt: now.toISOString(), ...(by && { by }) });
    }
    return profileOf(changed);
  };

  /** The new address is to be verified; the old one learns of it, in case that it was not its owner. */
  private async report(tx: Sql, bucket: number, before: Customer, after: Customer): Promise<void> {
    const { customerId, updatedAt: now } = after;
    await this.mail.notice(tx, bucket, 'email-was-changed', { customerId, email: before.email, now });
    await this.mail.renewedLink(tx, bucket, 'verify-email', { customerId, email: after.email, now });
  }
}
