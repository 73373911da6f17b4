import { Injectable } from '@nestjs/common';
import type { Flow } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { isOperator, OPERATORS_STAY } from '../domain/customer.js';
import { namesOf } from '../domain/login-name.js';
import { DECIDE, NameSaga } from '../names/name-saga.js';
import { Customers } from '../storage/customers.js';
import { Decisions } from '../storage/decisions.js';
import { customerIdOf } from '../domain/caller.js';
import { ProvePassword } from '../passwords/prove-password.js';

type EraseMeFlow = Flow<typeof profile.eraseMe>;

/**
 * A flow, because the customer's names are in buckets of their own: all are reserved for it, then the customer goes,
 * then the names are free, as with each change of a name. Wrong passwords count as failed sign-ins.
 */
@Injectable()
export class EraseMe implements EraseMeFlow {
  constructor(
    private readonly customers: Customers,
    private readonly decisions: Decisions,
    private readonly proofs: ProvePassword,
    private readonly saga: NameSaga,
  ) {}

  readonly run: EraseMeFlow['run'] = async ({ currentPassword }, flow) => {
    const customerId = customerIdOf(flow.caller);
    // A retry whose first reply was lost: there is no password any more to compare with.
    if (await this.decisions.find({ customerId, token: flow.stepId(DECIDE) })) return {};
    const customer = await this.customers.read(customerId);
    if (!customer) return flow.fail('NOT_FOUND', 'There is no such customer');
    if (isOperator(customer)) return flow.fail('IS_OPERATOR', OPERATORS_STAY);
    await this.proofs.require(customerId, currentPassword, flow.fail);
    const { email, username } = customer;
    const command = profile.eraseCustomer;
    return this.saga.run(flow, { customerId, command, input: { email, username }, names: namesOf(customer) });
  };
}
