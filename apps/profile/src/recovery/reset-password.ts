import { Injectable } from '@nestjs/common';
import type { Flow } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { hashOfToken } from '../domain/link.js';
import { LinkTokens } from '../mail/link-tokens.js';
import { NewPasswords } from '../passwords/new-passwords.js';
import { Passwords } from '../passwords/passwords.js';
import { Customers } from '../storage/customers.js';
import { LINK_ENDED } from './link-ended.js';

type ResetPasswordFlow = Flow<typeof profile.resetPassword>;

/**
 * A flow, because hashing takes too long to hold a transaction open, and because the customer's bucket is found from
 * the link. Whether the link is good is asked in the step that uses it up: a forged one costs no read.
 */
@Injectable()
export class ResetPassword implements ResetPasswordFlow {
  constructor(
    private readonly tokens: LinkTokens,
    private readonly customers: Customers,
    private readonly newPasswords: NewPasswords,
    private readonly passwords: Passwords,
  ) {}

  readonly run: ResetPasswordFlow['run'] = async ({ token, newPassword }, flow) => {
    const link = await this.tokens.read(token, 'reset-password');
    if (!link) return flow.fail('LINK_ENDED', LINK_ENDED);
    const owner = (await this.customers.read(link.customerId)) ?? flow.fail('LINK_ENDED', LINK_ENDED);
    await this.newPasswords.require(newPassword, owner, 'newPassword');
    const passwordHash = await this.passwords.hash(newPassword);
    const input = { ...link, tokenHash: hashOfToken(token), passwordHash };
    return flow.step('set', profile.setResetPassword, input);
  };
}
