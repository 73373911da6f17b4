import { Injectable } from '@nestjs/common';
import type { Flow } from '@stoa/messaging';
import type { profile } from '@stoa/profile-contract';
import { isOperator } from '../domain/customer.js';
import { Customers } from '../storage/customers.js';
import { SetRoles } from './set-roles.js';

type ChangeOperatorFlow = Flow<typeof profile.changeOperator>;

/** A flow, because customer and registry are in buckets of their own. */
@Injectable()
export class ChangeOperator implements ChangeOperatorFlow {
  constructor(
    private readonly customers: Customers,
    private readonly roles: SetRoles,
  ) {}

  readonly run: ChangeOperatorFlow['run'] = async ({ customerId, roles }, flow) => {
    const customer = await this.customers.read(customerId);
    if (!customer || !isOperator(customer)) return flow.fail('NOT_FOUND', 'There is no such operator');
    return this.roles.run(flow, customer, roles);
  };
}
