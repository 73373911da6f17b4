import { deriveId } from '@stoa/messaging';
import type { Fields, Operation } from '../services/operation.js';

/**
 * The Kafka record key of a command: one key's commands stay in order, and it leads to their bucket.
 * @param callerId the caller's customer id, or the name of a service that calls
 * @param commandId the command's id, from which the id of a new thing follows
 */
export function recordKey(operation: Operation, input: Fields, callerId: string, commandId: string): string {
  const path = operation.document.key ?? 'command.id';
  if (path === 'caller.customerId') return callerId;
  if (path === 'command.id') return deriveId(commandId, 'mint', '0');
  const field = path.slice('input.'.length);
  const value = String(input[field]);
  return field === 'email' ? value.toLowerCase() : value;
}
