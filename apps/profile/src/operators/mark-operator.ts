import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { profile } from '@stoa/profile-contract';
import { Customers } from '../storage/customers.js';

type MarkOperatorHandler = Handler<typeof profile.markOperator>;

@Injectable()
export class MarkOperator implements MarkOperatorHandler {
  constructor(private readonly customers: Customers) {}

  readonly handle: MarkOperatorHandler['handle'] = async ({ customerId }, { tx, bucket, fail }) => {
    const customer = await this.customers.lock(tx, bucket, customerId);
    if (!customer) return fail('NOT_FOUND', 'There is no such customer');
    await this.customers.mark(tx, bucket, { ...customer, isOperator: true });
    return {};
  };
}
