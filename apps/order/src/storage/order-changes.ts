import { Injectable } from '@nestjs/common';
import type { EventContext } from '@stoa/messaging';
import type { OrderState } from '../domain/order-state.js';
import { Orders } from './orders.js';
import { publishChanges } from './publish-changes.js';
import { Shoppers } from './shoppers.js';

/** A transaction on one bucket: a command's, an event's, or one of the background. */
export type Writes = Pick<EventContext, 'tx' | 'bucket' | 'publish'>;

/** An order before and after a rule; `after` is `before` where the rule changed nothing. */
export interface Changed {
  readonly before: OrderState;
  readonly after: OrderState;
}

/** Changes orders, each with its events in the same transaction. */
@Injectable()
export class OrderChanges {
  constructor(
    private readonly orders: Orders,
    private readonly shoppers: Shoppers,
  ) {}

  /** @returns undefined when the customer has no such order */
  async change(
    writes: Writes,
    { customerId, orderId }: Pick<OrderState, 'customerId' | 'orderId'>,
    rule: (order: OrderState) => OrderState,
  ): Promise<Changed | undefined> {
    const { tx, bucket } = writes;
    const before = await this.orders.lock(tx, bucket, customerId, orderId);
    if (!before) return undefined;
    const after = rule(before);
    if (after !== before) await this.save(writes, before, after);
    return { before, after };
  }

  private async save({ tx, bucket, publish }: Writes, before: OrderState, after: OrderState): Promise<void> {
    const { version } = await this.shoppers.next(tx, bucket, after.customerId);
    await this.orders.save(tx, bucket, after);
    await publishChanges(publish, version, before, after);
  }
}
