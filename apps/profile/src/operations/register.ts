import { Injectable } from '@nestjs/common';
import { OperationError } from '@stoa/contract-kit';
import { keyOf, type Flow } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { foldEmail } from '../domain/email.js';
import { Passwords } from '../passwords/passwords.js';
import { Customers } from '../storage/customers.js';
import { LoginNames } from '../storage/login-names.js';

type RegisterFlow = Flow<typeof profile.register>;

/**
 * A flow, because hashing takes too long to hold a transaction open, and because the address and the customer may be on
 * different shards: the address is taken first, then the customer is made. When the command comes again it goes on where
 * it stopped, since the customer's id follows from the command's.
 */
@Injectable()
export class Register implements RegisterFlow {
  constructor(
    private readonly passwords: Passwords,
    private readonly names: LoginNames,
    private readonly customers: Customers,
  ) {}

  readonly run: RegisterFlow['run'] = async ({ email, password, displayName }, { caller, fail, step, stepId }) => {
    const passwordHash = await this.passwords.hash(password);
    const input = { email, passwordHash, displayName };
    const customerId = keyOf(profile.createCustomer, stepId('create'), input, caller);
    const name = foldEmail(email);
    if (!(await this.names.take(name, customerId))) {
      return fail('EMAIL_TAKEN', 'There is an account with this e-mail address already');
    }
    try {
      return await step('create', profile.createCustomer, input);
    } catch (error) {
      // The command was used for another address before, say. Whatever else failed will be tried again.
      if (error instanceof OperationError && (await this.customers.read(customerId))?.email !== name) {
        await this.names.free(name, customerId);
      }
      throw error;
    }
  };
}
