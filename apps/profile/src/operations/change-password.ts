import { Injectable } from '@nestjs/common';
import type { Flow } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { NewPasswords } from '../passwords/new-passwords.js';
import { Passwords } from '../passwords/passwords.js';
import { Credentials } from '../storage/credentials.js';
import { Customers } from '../storage/customers.js';
import { customerIdOf } from '../domain/caller.js';
import { ProvePassword } from '../passwords/prove-password.js';

type ChangePasswordFlow = Flow<typeof profile.changePassword>;

/** A flow, because hashing takes too long to hold a transaction open. Wrong passwords count as failed sign-ins. */
@Injectable()
export class ChangePassword implements ChangePasswordFlow {
  constructor(
    private readonly customers: Customers,
    private readonly credentials: Credentials,
    private readonly newPasswords: NewPasswords,
    private readonly passwords: Passwords,
    private readonly proofs: ProvePassword,
  ) {}

  readonly run: ChangePasswordFlow['run'] = async ({ currentPassword, newPassword }, flow) => {
    const { caller, commandId, fail } = flow;
    const customerId = customerIdOf(caller);
    // A retry whose first reply was lost: the current password is the new one by now.
    const setBy = await this.credentials.setBy(customerId);
    if (setBy === undefined) return fail('NOT_FOUND', 'There is no such customer');
    if (setBy === commandId) return {};
    const owner = (await this.customers.read(customerId)) ?? fail('NOT_FOUND', 'There is no such customer');
    await this.newPasswords.require(newPassword, owner, 'newPassword');
    const oldHash = await this.proofs.require(customerId, currentPassword, fail);
    const newHash = await this.passwords.hash(newPassword, this.passwords.place('known'));
    return flow.step('replace', profile.replacePassword, { oldHash, newHash, by: commandId });
  };
}
