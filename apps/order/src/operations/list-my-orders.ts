import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { order } from '@stoa/order-contract';
import { Orders } from '../storage/orders.js';
import { customerIdOf } from './customer-id-of.js';

type ListMyOrdersHandler = Handler<typeof order.listMyOrders>;

@Injectable()
export class ListMyOrders implements ListMyOrdersHandler {
  constructor(private readonly orders: Orders) {}

  readonly handle: ListMyOrdersHandler['handle'] = async ({ limit, cursor }, { caller, fail }) => {
    const page = await this.orders.ofCustomer(customerIdOf(caller), limit, cursor);
    const problem = { pointer: '/cursor', detail: 'damaged, or of another list' };
    return page ?? fail('INVALID_INPUT', 'The input is not valid', [problem]);
  };
}
