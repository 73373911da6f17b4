import type { Caller } from '@stoa/messaging';

/** How the history of stock names who moved it. */
export const nameOf = (caller: Caller): string => (caller.kind === 'service' ? caller.name : caller.customerId);
