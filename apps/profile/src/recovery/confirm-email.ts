import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { profile } from '@stoa/profile-contract';
import { changeCustomer } from '../domain/customer.js';
import { Customers } from '../storage/customers.js';
import { Links } from '../storage/links.js';
import { LINK_ENDED } from './link-ended.js';

type ConfirmEmailHandler = Handler<typeof profile.confirmEmail>;

/** Uses up a link and verifies the address, if it still is the customer's. */
@Injectable()
export class ConfirmEmail implements ConfirmEmailHandler {
  constructor(
    private readonly customers: Customers,
    private readonly links: Links,
  ) {}

  readonly handle: ConfirmEmailHandler['handle'] = async (input, { tx, bucket, now, fail }) => {
    const { customerId } = input;
    const customer = await this.customers.lock(tx, bucket, customerId);
    const email = await this.links.take(tx, bucket, { ...input, purpose: 'verify-email' });
    if (!customer || email !== customer.email) return fail('LINK_ENDED', LINK_ENDED);
    await this.links.drop(tx, bucket, customerId, 'verify-email');
    const changed = changeCustomer(customer, { verifiedEmail: email }, now);
    if (changed !== customer) await this.customers.save(tx, bucket, changed);
    return {};
  };
}
