import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { profileOf, type Customer } from '../domain/customer.js';
import { foldEmail } from '../domain/email.js';
import { Credentials } from '../storage/credentials.js';
import { Customers } from '../storage/customers.js';
import { LoginNames } from '../storage/login-names.js';

type CreateCustomerHandler = Handler<typeof profile.createCustomer>;

@Injectable()
export class CreateCustomer implements CreateCustomerHandler {
  constructor(
    private readonly names: LoginNames,
    private readonly customers: Customers,
    private readonly credentials: Credentials,
  ) {}

  readonly handle: CreateCustomerHandler['handle'] = async ({ email, passwordHash, displayName }, context) => {
    const { tx, bucket, commandId, now, publish } = context;
    const customer: Customer = {
      customerId: context.mintId(),
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
    if (!(await this.names.take(tx, customer.email, customerId, now))) {
      return context.fail('EMAIL_TAKEN', 'There is an account with this e-mail address already');
    }
    await Promise.all([
      this.customers.insert(tx, bucket, customer),
      this.credentials.insert(tx, bucket, { customerId, passwordHash, setBy: commandId, now }),
      publish(profile.customerRegistered, 1, { customerId, displayName, registeredAt: now.toISOString() }),
    ]);
    return profileOf(customer);
  };
}
