import { Injectable } from '@nestjs/common';
import type { CommandContext, Flow, Handler } from '@stoa/messaging';
import { order } from '@stoa/order-contract';
import type { Doing, OrderState } from '../../domain/order-state.js';
import { orderOf } from '../../domain/order-of.js';
import { cancel } from '../../domain/pay.js';
import { whatHappened } from '../../domain/what-happened.js';
import { OrderChanges } from '../../storage/order-changes.js';
import { Orders } from '../../storage/orders.js';
import { customerIdOf } from '../customer-id-of.js';

type CancelOrderHandler = Handler<typeof order.cancelOrder>;
type Context = Pick<CommandContext<typeof order.cancelOrder>, 'tx' | 'bucket' | 'publish' | 'start' | 'fail'>;

async function cancelIn(
  changes: OrderChanges,
  context: Context,
  of: Pick<OrderState, 'customerId' | 'orderId'>,
  by: 'shopper' | 'operator',
  detail: string | null,
  doing: Doing,
) {
  const changed = await changes.change(context, of, (before) => cancel(before, by, detail, doing, context.fail));
  if (!changed) return context.fail('NOT_FOUND', 'There is no such order');
  const { before, after } = changed;
  if (whatHappened(before, after).settles) await context.start(order.settleOrder, of);
  return orderOf(after);
}

@Injectable()
export class CancelOrder implements CancelOrderHandler {
  constructor(private readonly changes: OrderChanges) {}

  readonly handle: CancelOrderHandler['handle'] = ({ orderId, reason }, context) => {
    const of = { customerId: customerIdOf(context.caller), orderId };
    return cancelIn(this.changes, context, of, 'shopper', reason ?? null, { at: context.now, by: 'shopper' });
  };
}

type CancelForShopperFlow = Flow<typeof order.cancelForShopper>;

/** Finds whose order it is: that is the key of what changes it. */
@Injectable()
export class CancelForShopper implements CancelForShopperFlow {
  constructor(private readonly orders: Orders) {}

  readonly run: CancelForShopperFlow['run'] = async (input, { step, fail }) => {
    const known = await this.orders.find(input.orderId);
    if (!known) return fail('NOT_FOUND', 'There is no such order');
    return step('cancel', order.endOrder, { ...input, customerId: known.customerId });
  };
}

type EndOrderHandler = Handler<typeof order.endOrder>;

@Injectable()
export class EndOrder implements EndOrderHandler {
  constructor(private readonly changes: OrderChanges) {}

  readonly handle: EndOrderHandler['handle'] = ({ customerId, orderId, reason }, context) => {
    const operatorId = customerIdOf(context.caller);
    const doing = { at: context.now, by: 'operator', operatorId } as const;
    return cancelIn(this.changes, context, { customerId, orderId }, 'operator', reason, doing);
  };
}
