import { Injectable } from '@nestjs/common';
import { isOperator, type Customer } from '../domain/customer.js';
import { OperatorRegistry } from '../storage/operator-registry.js';

/** Finds the roles of those who may have some. */
@Injectable()
export class RolesOf {
  constructor(private readonly registry: OperatorRegistry) {}

  /**
   * Undefined: a customer, about whom nothing is asked. An operator of before there were roles is entered as an owner.
   */
  async find(customer: Pick<Customer, 'customerId' | 'role' | 'isOperator'>): Promise<readonly string[] | undefined> {
    if (!isOperator(customer)) return undefined;
    const { customerId, role } = customer;
    const known = await this.registry.find(customerId);
    if (known) return known.roles;
    if (role !== 'operator') return [];
    await this.registry.ensureOwner(customerId);
    return (await this.registry.find(customerId))?.roles ?? [];
  }
}
