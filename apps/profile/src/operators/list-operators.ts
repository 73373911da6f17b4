import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { profile } from '@stoa/profile-contract';
import type { Operator } from '../domain/operator.js';
import { Customers } from '../storage/customers.js';
import { OperatorRegistry } from '../storage/operator-registry.js';

type ListOperatorsHandler = Handler<typeof profile.listOperators>;

@Injectable()
export class ListOperators implements ListOperatorsHandler {
  constructor(
    private readonly registry: OperatorRegistry,
    private readonly customers: Customers,
  ) {}

  readonly handle: ListOperatorsHandler['handle'] = async () => {
    const operators = await this.registry.list();
    return { items: (await Promise.all(operators.map((operator) => this.shown(operator)))).flat() };
  };

  private async shown({ customerId, roles, since }: Operator) {
    const customer = await this.customers.read(customerId);
    if (!customer) return [];
    const { email, displayName } = customer;
    return [{ customerId, email, displayName, roles: [...roles], since: since.toISOString() }];
  }
}
