import type { CallerRule } from '@stoa/contract-kit';
import type { Caller } from '../api/requests.js';

/** The persons whom a rule lets in. Guests and services get in where anyone does. */
const LETS_IN: Readonly<Record<CallerRule, ReadonlySet<Caller['kind']> | undefined>> = {
  anyone: undefined,
  customer: new Set(['customer', 'operator']),
  operator: new Set(['operator']),
};

/** Whether a contract's caller rule lets a caller in. The gateway has asked that too, but not all records are its. */
export const letsIn = (rule: CallerRule, { kind }: Caller): boolean => LETS_IN[rule]?.has(kind) ?? rule === 'anyone';
