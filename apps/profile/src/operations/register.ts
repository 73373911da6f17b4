import { Injectable } from '@nestjs/common';
import type { Flow } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { Passwords } from '../passwords/passwords.js';

type RegisterFlow = Flow<typeof profile.register>;

/** A flow, because hashing takes too long to hold a transaction open: the step has one, and knows the hash only. */
@Injectable()
export class Register implements RegisterFlow {
  constructor(private readonly passwords: Passwords) {}

  readonly run: RegisterFlow['run'] = async ({ email, password, displayName }, { step }) => {
    const passwordHash = await this.passwords.hash(password);
    return step('create', profile.createCustomer, { email, passwordHash, displayName });
  };
}
