import { Injectable } from '@nestjs/common';
import type { CommandContext, Handler } from '@stoa/messaging';
import type { order, OrderWork } from '@stoa/order-contract';
import { orderOf } from '../../domain/order-of.js';
import type { Doing, OrderState } from '../../domain/order-state.js';
import { splitLeft } from '../../domain/refunds/split-left.js';
import { complete, endRefund, planRefund, refundableOf, ship, takeBack } from '../../domain/ship.js';
import { OrderChanges } from '../../storage/order-changes.js';

type WorkOnOrderHandler = Handler<typeof order.workOnOrder>;
type Fail = CommandContext<typeof order.workOnOrder>['fail'];

/** An order with a refund that is to be made, split over what is left of it. */
function refund(
  before: OrderState,
  { id, request, reason }: Extract<OrderWork, { work: 'refund' }>,
  doing: Doing,
  fail: Fail,
): OrderState {
  if (before.refunds.some(({ refundId }) => refundId === id)) return before;
  const split = splitLeft(before, request, refundableOf(before));
  if ('refused' in split) return fail(split.refused, split.detail);
  const planned = { refundId: id, amount: split.amount, split, reason };
  return planRefund(before, planned, doing, (code, detail) =>
    fail(code === 'TOO_MANY' ? code : 'REFUND_EXCEEDS_LEFT', detail),
  );
}

function changed(before: OrderState, what: OrderWork, doing: Doing, fail: Fail): OrderState {
  switch (what.work) {
    case 'ship':
      return ship(before, { fulfilmentId: what.id, lines: what.lines, tracking: what.tracking }, doing, fail);
    case 'complete':
      return complete(before, doing, fail);
    case 'take_back':
      return takeBack(before, { returnId: what.id, lines: what.lines, reason: what.reason }, doing, fail);
    case 'refund':
      return refund(before, what, doing, fail);
    case 'fail_refund':
      return endRefund(before, what.id, 'failed', doing);
  }
}

/** Does one thing to an order, once: it has an id of the flow that asks. */
@Injectable()
export class WorkOnOrder implements WorkOnOrderHandler {
  constructor(private readonly changes: OrderChanges) {}

  readonly handle: WorkOnOrderHandler['handle'] = async ({ what, ...of }, context) => {
    const { caller, now, fail } = context;
    const operatorId = caller.kind === 'operator' ? { operatorId: caller.customerId } : {};
    const doing: Doing = { at: now, by: 'operator', ...operatorId };
    const done = await this.changes.change(context, of, (before) => changed(before, what, doing, fail));
    return done ? orderOf(done.after) : fail('NOT_FOUND', 'There is no such order');
  };
}
