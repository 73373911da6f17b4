import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { profileOf, type Customer } from '../domain/customer.js';
import { emailName, namesOf, username as usernameOf } from '../domain/login-name.js';
import { QueueMail } from '../mail/queue-mail.js';
import { Credentials } from '../storage/credentials.js';
import { Customers } from '../storage/customers.js';
import { Names } from '../storage/names.js';
import { ResetRequests } from '../storage/reset-requests.js';

type CreateCustomerHandler = Handler<typeof profile.createCustomer>;

/**
 * Decides a registration whose names are reserved for it. Of an address that is another's nothing is made but a mail to
 * its owner; the reply is what it would be otherwise.
 */
@Injectable()
export class CreateCustomer implements CreateCustomerHandler {
  constructor(
    private readonly names: Names,
    private readonly customers: Customers,
    private readonly credentials: Credentials,
    private readonly mail: QueueMail,
    private readonly requests: ResetRequests,
  ) {}

  readonly handle: CreateCustomerHandler['handle'] = async (input, context) => {
    const { email, passwordHash, displayName, username, isTaken = false } = input;
    const { tx, bucket, commandId, now, publish, failAndKeep } = context;
    const customer: Customer = {
      customerId: context.mintId(),
      role: 'customer',
      isOperator: false,
      email: emailName(email).name,
      verifiedEmail: null,
      username: username === undefined ? null : usernameOf(username).name,
      displayName,
      locale: null,
      phone: null,
      version: 1,
      createdAt: now,
      updatedAt: now,
    };
    const { customerId } = customer;
    const buckets = namesOf(customer).map((name) => this.names.bucketOf(name));
    // Published whatever the outcome: the names are to be settled either way.
    await publish(profile.namesDecided, 1, { token: commandId, customerId, buckets });
    if (isTaken) {
      await this.requests.insert(tx, bucket, {
        requestId: customerId,
        email: customer.email,
        kind: 'registered-again',
      });
      return profileOf(customer);
    }
    if (!(await this.customers.insert(tx, bucket, customer))) {
      return failAndKeep('ABANDONED', 'This account was erased: register again, under another Idempotency-Key');
    }
    await Promise.all([
      this.credentials.insert(tx, bucket, { customerId, passwordHash, setBy: commandId, now }),
      this.mail.link(tx, bucket, 'verify-email', { customerId, email: customer.email, now }),
      publish(profile.customerRegistered, 1, { customerId, displayName, registeredAt: now.toISOString() }),
    ]);
    return profileOf(customer);
  };
}
