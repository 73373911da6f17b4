import type { Command } from '@stoa/contract-kit';
import { deriveId } from './ids.js';
import type { Caller } from '../api/requests.js';

/**
 * The record key of a command, by its contract's `key`. Fields named email are folded to lower case, because addresses
 * are compared without regard to case.
 * @throws Error when the caller or the input has no such value: an operation for persons called by a service, say
 */
export function keyOf(
  { service, name, key }: Pick<Command, 'service' | 'name' | 'key'>,
  commandId: string,
  input: unknown,
  caller: Caller,
): string {
  if (key === 'command.id') return deriveId(commandId, 'mint', '0');
  if (key === 'caller.customerId') {
    if ('customerId' in caller) return caller.customerId;
    throw new Error(`${service}.${name} is keyed by the customer, but its caller is a service`);
  }
  const field = key.slice('input.'.length);
  const value: unknown = typeof input === 'object' && input !== null ? Reflect.get(input, field) : undefined;
  if (typeof value !== 'string' && typeof value !== 'number')
    throw new Error(`${service}.${name} is keyed by ${key}, which the input lacks`);
  const text = String(value);
  return field === 'email' ? text.toLowerCase() : text;
}
