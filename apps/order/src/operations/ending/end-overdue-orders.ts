import { Inject, Injectable } from '@nestjs/common';
import type { DatabaseServer } from '@stoa/postgres';
import { LOGGER, type Logger } from '@stoa/service';
import { Rounds } from '@stoa/sharded-service';
import { next, type OrderState } from '../../domain/order-state.js';
import { cancel, isOverdue, refuseOrder } from '../../domain/pay.js';
import { OverdueOrders, type OverdueOrder } from '../../storage/overdue-orders.js';

const EVERY_MS = 5_000;
const MOST_AT_ONCE = 100;

const never = (code: string): never => {
  throw new Error(`An overdue order could not be ended: ${code}`);
};

/** An order ended because nobody paid it in time; one that was paid meanwhile, or shipped, only waits no longer. */
function ended(order: OrderState, at: Date): OrderState {
  const doing = { at, by: 'shop' } as const;
  if (order.holdUntil === null || order.holdUntil > at) return order;
  if (order.status === 'placing') return refuseOrder(order, 'not_paid_in_time', doing);
  const isShipped = order.lines.some(({ shipped }) => shipped > 0);
  if (order.status !== 'placed' || isShipped || !isOverdue(order, at))
    return next(order, doing, 'due_date_over', { holdUntil: null });
  return cancel(order, 'not_paid_in_time', null, doing, never);
}

/** Ends orders whose hold ended before they were paid, and those that waited too long for a transfer. */
@Injectable()
export class EndOverdueOrders extends Rounds {
  constructor(
    private readonly orders: OverdueOrders,
    @Inject(LOGGER) logger: Logger,
  ) {
    super(logger, 'ending overdue orders', EVERY_MS);
  }

  protected shards(): readonly DatabaseServer[] {
    return this.orders.shards();
  }

  protected async round(shard: DatabaseServer): Promise<void> {
    for (const overdue of await this.orders.find(shard, MOST_AT_ONCE)) await this.one(overdue);
    await this.orders.purgeCheckouts(shard, MOST_AT_ONCE);
  }

  /** One that fails must not hold up the others. */
  private async one(overdue: OverdueOrder): Promise<void> {
    try {
      await this.orders.change(overdue, ended);
    } catch (error) {
      this.logger.warn({ err: error, orderId: overdue.orderId }, 'an overdue order waits for the next round');
    }
  }
}
