import { Injectable } from '@nestjs/common';
import { purgeReplies, type Handler } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { isOperator, OPERATORS_STAY } from '../domain/customer.js';
import { namesOf } from '../domain/login-name.js';
import { Customers } from '../storage/customers.js';
import { Names } from '../storage/names.js';
import { customerIdOf } from '../domain/caller.js';

type EraseCustomerHandler = Handler<typeof profile.eraseCustomer>;

/** Decides an erasure. Only of a customer with the names that were reserved for it: others would never be released. */
@Injectable()
export class EraseCustomer implements EraseCustomerHandler {
  constructor(
    private readonly customers: Customers,
    private readonly names: Names,
  ) {}

  readonly handle: EraseCustomerHandler['handle'] = async (reserved, context) => {
    const { tx, bucket, commandId, caller, now, publish, failAndKeep } = context;
    const customerId = customerIdOf(caller);
    const buckets = namesOf(reserved).map((name) => this.names.bucketOf(name));
    // Published whatever the outcome: the names are to be settled either way.
    await publish(profile.namesDecided, 1, { token: commandId, customerId, buckets });
    const current = await this.customers.lock(tx, bucket, customerId);
    if (!current) return failAndKeep('NOT_FOUND', 'There is no such customer');
    if (isOperator(current)) return failAndKeep('IS_OPERATOR', OPERATORS_STAY);
    if (current.email !== reserved.email || current.username !== reserved.username) {
      return failAndKeep('ABANDONED', 'A name was changed meanwhile: send this again');
    }
    await this.customers.erase(tx, bucket, customerId, now);
    // Behind the lock: earlier replies are seen here, and commands that come later find no customer.
    await purgeReplies(tx, { bucket, key: customerId }, commandId);
    await publish(profile.customerErased, current.version + 1, { customerId, erasedAt: now.toISOString() });
    return {};
  };
}
