import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { profileOf } from '../domain/customer.js';
import { Customers } from '../storage/customers.js';
import { customerIdOf } from '../domain/caller.js';

type GetMeHandler = Handler<typeof profile.getMe>;

@Injectable()
export class GetMe implements GetMeHandler {
  constructor(private readonly customers: Customers) {}

  readonly handle: GetMeHandler['handle'] = async (_input, { caller, fail }) => {
    const customer = await this.customers.read(customerIdOf(caller));
    return customer ? profileOf(customer) : fail('NOT_FOUND', 'There is no such customer');
  };
}
