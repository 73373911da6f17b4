import type { ErrorDetails } from '@stoa/contract-kit';

/** Ends a rule with one of the contract's business errors. */
export type Refuse<Code extends string> = (
  code: Code,
  detail?: string,
  details?: { readonly details: ErrorDetails },
) => never;
