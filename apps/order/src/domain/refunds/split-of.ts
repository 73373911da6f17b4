import type { Quote, RefundSplit } from '@stoa/order-contract';
import { planRefund } from './plan-refund.js';

/** The split of a refund: as it was planned, or by its amount where it was for no piece, such as a cancellation. */
export function splitOf(
  quote: Quote,
  { amount, split }: { readonly amount: number; readonly split?: RefundSplit | null | undefined },
): RefundSplit {
  const planned = split ?? planRefund(quote, [], { lines: [], amount }, amount);
  return 'refused' in planned ? { amount, parts: [] } : planned;
}
