import { OperationError } from '@stoa/contract-kit';
import type { Caller } from '@stoa/messaging';

/**
 * The caller's id, whose orders they are.
 * @throws OperationError FORBIDDEN: services buy nothing.
 */
export function customerIdOf(caller: Caller): string {
  if (caller.kind === 'service') throw new OperationError('FORBIDDEN', 'Only guests and customers have orders');
  return caller.customerId;
}
