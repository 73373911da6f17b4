import { Module } from '@nestjs/common';
import { MessagingModule } from '@stoa/messaging';
import { payment } from '@stoa/payment-contract';
import { ListMyPayments } from './operations/list-my-payments.js';
import { Payments } from './storage/payments.js';

@Module({
  imports: [MessagingModule.serve(payment, { listMyPayments: ListMyPayments })],
  providers: [Payments],
})
export class PaymentModule {}
