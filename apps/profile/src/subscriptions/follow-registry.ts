import { Injectable } from '@nestjs/common';
import type { EventHandler } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { Customers } from '../storage/customers.js';

type Following = EventHandler<typeof profile.operatorDecided>;

/**
 * Writes into the customer's own row what the registry decided about them, and has the sessions from before end. `role`
 * says `operator` of owners alone: clones of the version before know no other.
 */
@Injectable()
export class FollowRegistry implements Following {
  constructor(private readonly customers: Customers) {}

  readonly on: Following['on'] = async ({ customerId, roles }, { tx, bucket, publish }) => {
    const customer = await this.customers.lock(tx, bucket, customerId);
    if (!customer) return;
    const role = roles.includes('owner') ? 'operator' : 'customer';
    const version = customer.version + 1;
    await this.customers.mark(tx, bucket, { ...customer, isOperator: roles.length > 0, role, version });
    await publish(profile.operatorChanged, version, { customerId, roles });
  };
}
