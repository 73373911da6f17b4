import { OperationError } from '@stoa/contract-kit';
import type { Caller } from '@stoa/messaging';

/**
 * The customer who asks. The gateway lets nobody else through; a message that came another way is refused here.
 * @throws OperationError FORBIDDEN
 */
export function customerIdOf(caller: Caller): string {
  if (caller.kind === 'customer' || caller.kind === 'operator') return caller.customerId;
  throw new OperationError('FORBIDDEN', 'Only customers have a profile');
}
