import { Injectable } from '@nestjs/common';
import type { Flow } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { isVerified } from '../domain/customer.js';
import { emailName } from '../domain/login-name.js';
import { Customers } from '../storage/customers.js';
import { Names } from '../storage/names.js';
import { SetRoles } from './set-roles.js';

type CreateOperatorFlow = Flow<typeof profile.createOperator>;

/**
 * A flow, because name, customer and registry are in buckets of their own. The customer is marked first: from then on
 * they can't be erased, so that nobody is an owner whom there is not.
 */
@Injectable()
export class CreateOperator implements CreateOperatorFlow {
  constructor(
    private readonly names: Names,
    private readonly customers: Customers,
    private readonly roles: SetRoles,
  ) {}

  readonly run: CreateOperatorFlow['run'] = async ({ email, roles }, flow) => {
    const name = emailName(email);
    const customerId = await this.names.find(name);
    const customer = customerId === undefined ? undefined : await this.customers.read(customerId);
    if (customer?.email !== name.name)
      return flow.fail('NOT_FOUND', 'Nobody has registered this address: they do first');
    // Not whoever registered the address first.
    if (!isVerified(customer))
      return flow.fail('EMAIL_NOT_VERIFIED', 'They verify the address first, by the link that was mailed to it');
    await flow.step('mark', profile.markOperator, { customerId: customer.customerId });
    return this.roles.run(flow, customer, roles);
  };
}
