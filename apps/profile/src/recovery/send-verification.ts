import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { profile } from '@stoa/profile-contract';
import { isVerified } from '../domain/customer.js';
import { QueueMail } from '../mail/queue-mail.js';
import { customerIdOf } from '../domain/caller.js';
import { Customers } from '../storage/customers.js';

type SendVerificationHandler = Handler<typeof profile.sendVerification>;

@Injectable()
export class SendVerification implements SendVerificationHandler {
  constructor(
    private readonly customers: Customers,
    private readonly mail: QueueMail,
  ) {}

  readonly handle: SendVerificationHandler['handle'] = async (_input, { tx, bucket, caller, now, fail }) => {
    if (!this.mail.isOn) return fail('MAIL_OFF', 'This shop sends no mail: ask whoever runs it');
    const customer = await this.customers.lock(tx, bucket, customerIdOf(caller));
    if (!customer) return fail('NOT_FOUND', 'There is no such customer');
    const { customerId, email } = customer;
    if (!isVerified(customer)) await this.mail.link(tx, bucket, 'verify-email', { customerId, email, now });
    return {};
  };
}
