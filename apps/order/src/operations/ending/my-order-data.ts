import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { order } from '@stoa/order-contract';
import { checkoutOf } from '../../domain/checkout-state.js';
import { orderOf } from '../../domain/order-of.js';
import { PersonalData } from '../../storage/personal-data.js';
import { customerIdOf } from '../customer-id-of.js';

type MyOrderDataHandler = Handler<typeof order.myOrderData>;

@Injectable()
export class MyOrderData implements MyOrderDataHandler {
  constructor(private readonly data: PersonalData) {}

  readonly handle: MyOrderDataHandler['handle'] = async (_input, { caller }) => {
    const { orders, checkouts } = await this.data.read(customerIdOf(caller));
    return { orders: orders.map(orderOf), checkouts: checkouts.map(checkoutOf) };
  };
}
