import { Injectable } from '@nestjs/common';
import { purgeFlows, purgeReplies, type EventHandler } from '@stoa/messaging';
import { order } from '@stoa/order-contract';
import type { profile } from '@stoa/profile-contract';
import { refuseOrder } from '../domain/pay.js';
import { OrderChanges } from '../storage/order-changes.js';
import { PersonalData } from '../storage/personal-data.js';

type Erasing = EventHandler<typeof profile.customerErased>;

/** Ends what an erased customer was about to buy, and takes their name, addresses and e-mail from what they bought. */
@Injectable()
export class EraseShopper implements Erasing {
  constructor(
    private readonly data: PersonalData,
    private readonly changes: OrderChanges,
  ) {}

  readonly on: Erasing['on'] = async ({ customerId, erasedAt }, context) => {
    const { tx, bucket } = context;
    const doing = { at: new Date(erasedAt), by: 'shop' } as const;
    for (const orderId of await this.data.close(tx, bucket, customerId, doing.at)) {
      const of = { customerId, orderId };
      await this.changes.change(context, of, (before) => refuseOrder(before, 'customer_erased', doing));
      await context.start(order.settleOrder, of);
    }
    await this.data.strip(tx, bucket, customerId);
    await purgeReplies(tx, { bucket, key: customerId }, null);
    await purgeFlows(tx, { bucket, key: customerId }, null);
  };
}
