import { hasRole, type CallerRule } from '@stoa/contract-kit';
import type { Caller } from '../api/requests.js';

/** Who may call an operation, as its declaration (`operator:catalog`) or its document (`operator`, and a role) says. */
export interface CallerRules {
  readonly kind: 'command' | 'query';
  readonly caller: CallerRule;
  readonly role?: string | undefined;
}

/** The roles of an operator whose token names none: it is of before there were roles, when each was an owner. */
const OWNER = ['owner'] as const;

/**
 * Whether a contract's caller rule lets a caller in. Guests and services get in where anyone does; a service also where
 * the rule names it, and no person does there. Gateway and services both ask: not all records are a gateway's.
 */
export function letsIn({ kind, caller: rule, role }: CallerRules, caller: Caller): boolean {
  if (rule === 'anyone') return true;
  if (rule === 'customer') return caller.kind === 'customer' || caller.kind === 'operator';
  if (rule.startsWith('service:')) return caller.kind === 'service' && rule === `service:${caller.name}`;
  if (caller.kind !== 'operator') return false;
  const needed = role ?? (rule === 'operator' ? undefined : rule.slice('operator:'.length));
  return hasRole({ kind, role: needed }, caller.roles ?? OWNER);
}
