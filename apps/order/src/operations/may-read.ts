import { hasRole } from '@stoa/contract-kit';
import type { Caller } from '@stoa/messaging';
import type { OrderState } from '../domain/order-state.js';

/** Whether an order is the caller's own, or the caller an operator who may read all. */
export function mayRead(caller: Caller, { customerId }: Pick<OrderState, 'customerId'>): boolean {
  if (caller.kind === 'service') return false;
  if (caller.customerId === customerId) return true;
  return caller.kind === 'operator' && hasRole({ kind: 'query', role: 'orders' }, caller.roles ?? ['owner']);
}
