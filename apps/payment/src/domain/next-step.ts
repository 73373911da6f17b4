import type { Attempt } from './payment.js';

/** A question to the provider about an attempt. */
export type Step = 'authorise' | 'find' | 'capture' | 'void' | 'look';

/** @returns undefined: nothing is open at a provider */
export function nextStep(attempt: Attempt): Step | undefined {
  if (attempt.provider === 'manual' || !attempt.isOpen) return undefined;
  if (attempt.status === 'unknown') return attempt.tries === 0 ? 'authorise' : 'find';
  if (attempt.wanted === 'void') return 'void';
  if (attempt.wanted === 'capture' && attempt.status === 'authorised') return 'capture';
  return 'look';
}

/** Whether a flow goes on at once with what the provider's reply made possible. */
export const hasMore = (attempt: Attempt): boolean =>
  attempt.isOpen && attempt.wanted !== null && attempt.status !== 'unknown';
