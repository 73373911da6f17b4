import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { payment as contract } from '@stoa/payment-contract';
import { PaymentLists } from '../storage/payment-lists.js';
import { detailsOf } from './payment-state.js';

type GetPaymentHandler = Handler<typeof contract.getPayment>;

@Injectable()
export class GetPayment implements GetPaymentHandler {
  constructor(private readonly lists: PaymentLists) {}

  readonly handle: GetPaymentHandler['handle'] = async ({ id }, { budgetMs, fail }) => {
    const found = await this.lists.find(id, budgetMs);
    return found ? detailsOf(found) : fail('NOT_FOUND', 'There is no such payment');
  };
}
