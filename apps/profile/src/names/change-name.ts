import { Injectable } from '@nestjs/common';
import { OperationError, type Command } from '@stoa/contract-kit';
import type { FlowContext } from '@stoa/messaging';
import { profile, type Profile } from '@stoa/profile-contract';
import { profileOf } from '../domain/customer.js';
import type { LoginName, NameKind } from '../domain/login-name.js';
import { Customers } from '../storage/customers.js';
import { Decisions } from '../storage/decisions.js';
import { DECIDE, NameSaga } from './name-saga.js';

/**
 * Gives a customer another name to sign in with. The new and the old one are both reserved until it is decided, so
 * exactly one of them signs in at any moment, whatever dies: the one in the customer's row.
 */
@Injectable()
export class ChangeName {
  constructor(
    private readonly saga: NameSaga,
    private readonly customers: Customers,
    private readonly decisions: Decisions,
  ) {}

  /** The reply to an earlier run of the same command, if there was one. @throws OperationError if that was an error */
  earlierReply(flow: FlowContext<Command>, customerId: string): Promise<Profile | undefined> {
    return this.decisions.find<Profile>({ customerId, token: flow.stepId(DECIDE) });
  }

  async run(flow: FlowContext<Command>, customerId: string, kind: NameKind, to: LoginName | null): Promise<Profile> {
    const customer = await this.customers.read(customerId);
    if (!customer) throw new OperationError('NOT_FOUND', 'There is no such customer');
    const from = customer[kind];
    if (from === (to?.name ?? null)) return profileOf(customer);
    return this.saga.run(flow, {
      customerId,
      command: profile.changeLoginName,
      input: { kind, from, to: to?.name ?? null, by: flow.commandId },
      names: [to, from === null ? null : { kind, name: from }].filter((name) => name !== null),
    });
  }
}
