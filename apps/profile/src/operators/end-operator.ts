import { Injectable } from '@nestjs/common';
import type { Flow } from '@stoa/messaging';
import type { profile } from '@stoa/profile-contract';
import { Customers } from '../storage/customers.js';
import { SetRoles } from './set-roles.js';

type EndOperatorFlow = Flow<typeof profile.endOperator>;

/** A flow, because customer and registry are in buckets of their own. Of who is none it changes nothing. */
@Injectable()
export class EndOperator implements EndOperatorFlow {
  constructor(
    private readonly customers: Customers,
    private readonly roles: SetRoles,
  ) {}

  readonly run: EndOperatorFlow['run'] = async ({ customerId }, flow) => {
    const customer = await this.customers.read(customerId);
    if (!customer) return flow.fail('NOT_FOUND', 'There is no such operator');
    await this.roles.run(flow, customer, []);
    return {};
  };
}
