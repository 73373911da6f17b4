import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { changeCustomer, profileOf } from '../domain/customer.js';
import { Customers } from '../storage/customers.js';
import { customerIdOf } from '../domain/caller.js';

type ChangeMeHandler = Handler<typeof profile.changeMe>;

@Injectable()
export class ChangeMe implements ChangeMeHandler {
  constructor(private readonly customers: Customers) {}

  readonly handle: ChangeMeHandler['handle'] = async (changes, context) => {
    const { tx, bucket, caller, expectedVersion, now, publish, fail } = context;
    const current =
      (await this.customers.lock(tx, bucket, customerIdOf(caller))) ?? fail('NOT_FOUND', 'There is no such customer');
    if (expectedVersion !== undefined && expectedVersion !== current.version) {
      return fail('STALE_VERSION', `The profile's version is ${current.version}`);
    }
    const changed = changeCustomer(current, changes, now);
    if (changed === current) return profileOf(current);
    const { customerId, displayName, version } = changed;
    await Promise.all([
      this.customers.save(tx, bucket, changed),
      publish(profile.profileChanged, version, { customerId, displayName, changedAt: now.toISOString() }),
    ]);
    return profileOf(changed);
  };
}
