import { Module } from '@nestjs/common';
import { MessagingModule } from '@stoa/messaging';
import { order } from '@stoa/order-contract';
import { ListMyOrders } from './operations/list-my-orders.js';
import { Orders } from './storage/orders.js';

@Module({
  imports: [MessagingModule.serve(order, { listMyOrders: ListMyOrders })],
  providers: [Orders],
})
export class OrderModule {}
