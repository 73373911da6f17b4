import { Injectable } from '@nestjs/common';
import { OPERATOR_ROLES, type Command, type OperatorRole, type OutputOf } from '@stoa/contract-kit';
import type { FlowContext } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import type { Customer } from '../domain/customer.js';

/** Sets the roles of a customer in the registry, for the flows that do so. */
@Injectable()
export class SetRoles {
  /** @throws OperationError LAST_OWNER or NOT_AN_OWNER */
  async run(
    flow: FlowContext<Command>,
    { customerId, email, displayName }: Customer,
    roles: readonly OperatorRole[],
  ): Promise<OutputOf<typeof profile.createOperator>> {
    const wanted = OPERATOR_ROLES.filter((role) => roles.includes(role));
    const input = { registry: 'operators', customerId, roles: wanted } as const;
    return { customerId, email, displayName, ...(await flow.step('decide', profile.decideOperator, input)) };
  }
}
