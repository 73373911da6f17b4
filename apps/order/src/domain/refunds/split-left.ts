import type { RefundRequest, RefundSplit } from '@stoa/order-contract';
import type { OrderState } from '../order-state.js';
import { planRefund, type NotRefundable } from './plan-refund.js';
import { splitOf } from './split-of.js';

/**
 * Splits a refund over what the refunds of an order have left of it; those that failed took nothing.
 * @param refundable what was captured of the order and did not go back
 */
export function splitLeft(
  { quote, refunds }: Pick<OrderState, 'quote' | 'refunds'>,
  request: RefundRequest,
  refundable: number,
): RefundSplit | NotRefundable {
  const earlier = refunds.filter(({ status }) => status !== 'failed').map((each) => splitOf(quote, each));
  return planRefund(quote, earlier, request, refundable);
}
