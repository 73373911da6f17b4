import { Injectable } from '@nestjs/common';
import type { EventHandler } from '@stoa/messaging';
import { order } from '@stoa/order-contract';

type Ended = EventHandler<typeof order.orderRefused>;

/** Gives back what an order has that was ended in the background: a sweep can't start flows. */
@Injectable()
export class SettleEnded implements Ended {
  readonly on: Ended['on'] = async ({ customerId, orderId }, { start }) => {
    await start(order.settleOrder, { customerId, orderId });
  };
}

type Cancelled = EventHandler<typeof order.orderCancelled>;

/** The same for one that was bought, and never paid. */
@Injectable()
export class SettleCancelled implements Cancelled {
  readonly on: Cancelled['on'] = async ({ customerId, orderId }, { start }) => {
    await start(order.settleOrder, { customerId, orderId });
  };
}
