import { Injectable } from '@nestjs/common';
import type { Problem } from '@stoa/contract-kit';
import type { Handler } from '@stoa/messaging';
import type { profile } from '@stoa/profile-contract';
import { isOperator, profileOf } from '../domain/customer.js';
import { CustomerLists } from '../storage/customer-lists.js';

type ListCustomersHandler = Handler<typeof profile.listCustomers>;
type Input = Parameters<ListCustomersHandler['handle']>[0];

@Injectable()
export class ListCustomers implements ListCustomersHandler {
  constructor(private readonly lists: CustomerLists) {}

  readonly handle: ListCustomersHandler['handle'] = async (input, { budgetMs, fail }) => {
    const problems = misfits(input);
    if (problems.length > 0) return fail('INVALID_INPUT', 'The input is not valid', problems);
    const { order = input.sort === 'createdAt' ? 'desc' : 'asc' } = input;
    const { customers, next, previous } = await this.lists.page({ ...input, order }, budgetMs);
    const items = customers.map((customer) => ({
      ...profileOf(customer),
      role: isOperator(customer) ? ('operator' as const) : customer.role,
    }));
    return { items, next: next ?? null, previous: previous ?? null };
  };
}

/** Filters that no index can serve in bounded time, whatever the page. */
function misfits({ sort, prefix, from, until }: Input): Problem[] {
  const problems: Problem[] = [];
  if (sort === 'createdAt' && prefix !== undefined) {
    problems.push({ pointer: '/prefix', detail: 'goes with sort=name or sort=email' });
  }
  for (const [field, given] of Object.entries({ from, until })) {
    if (given !== undefined && sort !== 'createdAt') {
      problems.push({ pointer: `/${field}`, detail: 'goes with sort=createdAt' });
    }
  }
  return problems;
}
