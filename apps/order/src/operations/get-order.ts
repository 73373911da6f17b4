import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { order } from '@stoa/order-contract';
import { orderOf } from '../domain/order-of.js';
import { Orders } from '../storage/orders.js';
import { mayRead } from './may-read.js';

type GetOrderHandler = Handler<typeof order.getOrder>;

@Injectable()
export class GetOrder implements GetOrderHandler {
  constructor(private readonly orders: Orders) {}

  readonly handle: GetOrderHandler['handle'] = async ({ orderId }, { caller, fail }) => {
    const found = await this.orders.find(orderId);
    // Whether another's order exists is nobody's business.
    return found && mayRead(caller, found) ? orderOf(found) : fail('NOT_FOUND', 'You have no such order');
  };
}
