import { Inject, Injectable } from '@nestjs/common';
import { DATABASE, type Handler } from '@stoa/messaging';
import type { order } from '@stoa/order-contract';
import type { SqlDatabase } from '@stoa/postgres';
import { Checkouts } from '../../storage/checkouts.js';
import { Quotes } from '../../storage/quotes.js';
import { customerIdOf } from '../customer-id-of.js';

type ListShippingMethodsHandler = Handler<typeof order.listShippingMethods>;

@Injectable()
export class ListShippingMethods implements ListShippingMethodsHandler {
  constructor(
    @Inject(DATABASE) private readonly database: SqlDatabase,
    private readonly checkouts: Checkouts,
    private readonly quotes: Quotes,
  ) {}

  readonly handle: ListShippingMethodsHandler['handle'] = async ({ checkoutId }, { caller, fail }) => {
    const checkout = await this.checkouts.find(customerIdOf(caller), checkoutId);
    if (!checkout) return fail('NOT_FOUND', 'You have no such checkout');
    const bucket = this.database.bucketOf(checkout.customerId);
    const items = await this.database.transaction(bucket, (tx) =>
      this.quotes.shippingMethods(tx, checkout, new Date()),
    );
    return { items };
  };
}
