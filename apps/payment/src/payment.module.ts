import { Module } from '@nestjs/common';
import { MessagingModule } from '@stoa/messaging';
import { payment } from '@stoa/payment-contract';
import { Authorise } from './operations/authorise.js';
import { Capture } from './operations/capture.js';
import { GetPayment } from './operations/get-payment.js';
import { ListMyPayments } from './operations/list-my-payments.js';
import { ListPayments } from './operations/list-payments.js';
import { MarkReceived } from './operations/mark-received.js';
import { ReceiveStripeEvent } from './operations/receive-stripe-event.js';
import { Refund } from './operations/refund.js';
import { Void } from './operations/void.js';
import { paymentProvider } from './providers/open-provider.js';
import { PollProvider } from './settle/poll-provider.js';
import { Settle } from './settle/settle.js';
import { DueWork } from './storage/due-work.js';
import { PaymentLists } from './storage/payment-lists.js';
import { Payments } from './storage/payments.js';

const handlers = {
  authorise: Authorise,
  capture: Capture,
  void: Void,
  refund: Refund,
  receiveStripeEvent: ReceiveStripeEvent,
  markReceived: MarkReceived,
  listPayments: ListPayments,
  getPayment: GetPayment,
  listMyPayments: ListMyPayments,
};

@Module({
  imports: [MessagingModule.serve(payment, handlers)],
  providers: [Payments, PaymentLists, DueWork, paymentProvider, Settle, PollProvider],
})
export class PaymentModule {}
