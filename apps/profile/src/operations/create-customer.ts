import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { profileOf, type Customer } from '../domain/customer.js';
import { foldEmail } from '../domain/email.js';
import { Credentials } from '../storage/credentials.js';
import { Customers } from '../storage/customers.js';

type CreateCustomerHandler = Handler<typeof profile.createCustomer>;

/** The customer's address is theirs already: `register` took it, in the bucket of the address. */
@Injectable()
export class CreateCustomer implements CreateCustomerHandler {
  constructor(
    private readonly customers: Customers,
    private readonly credentials: Credentials,
  ) {}

  readonly handle: CreateCustomerHandler['handle'] = async (
    { email, passwordHash, displayName },
    { tx, bucket, commandId, now, publish, mintId },
  ) => {
    const customer: Customer = {
      customerId: mintId(),
      role: 'customer',
      email: foldEmail(email),
      displayName,
      locale: null,
      phone: null,
      version: 1,
      createdAt: now,
      updatedAt: now,
    };
    const { customerId } = customer;
    await Promise.all([
      this.customers.insert(tx, bucket, customer),
      this.credentials.insert(tx, bucket, { customerId, passwordHash, setBy: commandId, now }),
      publish(profile.customerRegistered, 1, { customerId, displayName, registeredAt: now.toISOString() }),
    ]);
    return profileOf(customer);
  };
}
