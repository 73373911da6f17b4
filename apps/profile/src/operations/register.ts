import { Injectable } from '@nestjs/common';
import { keyOf, type Flow } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { emailName, username as usernameOf } from '../domain/login-name.js';
import { DECIDE, NameSaga } from '../names/name-saga.js';
import { NewPasswords } from '../passwords/new-passwords.js';
import { Passwords } from '../passwords/passwords.js';

type RegisterFlow = Flow<typeof profile.register>;

/**
 * A flow, because names and customer are in different buckets, and because hashing takes too long to hold a transaction
 * open: the step has one, and knows the hash only. A retry derives the same customer id, so it lands in the same
 * bucket.
 */
@Injectable()
export class Register implements RegisterFlow {
  constructor(
    private readonly passwords: Passwords,
    private readonly newPasswords: NewPasswords,
    private readonly saga: NameSaga,
  ) {}

  readonly run: RegisterFlow['run'] = async ({ password, ...known }, flow) => {
    const { email, username } = known;
    await this.newPasswords.require(password, known, 'password');
    const passwordHash = await this.passwords.hash(password);
    const command = profile.createCustomer;
    const input = { ...known, passwordHash };
    const customerId = keyOf(command, flow.stepId(DECIDE), input, flow.caller);
    const names = [emailName(email), ...(username === undefined ? [] : [usernameOf(username)])];
    return this.saga.run(flow, { customerId, command, input, names });
  };
}
