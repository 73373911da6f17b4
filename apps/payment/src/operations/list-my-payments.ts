import { Injectable } from '@nestjs/common';
import { OperationError } from '@stoa/contract-kit';
import type { Handler } from '@stoa/messaging';
import type { payment as contract } from '@stoa/payment-contract';
import { Payments } from '../storage/payments.js';
import { detailsOf } from './payment-state.js';

type ListMyPaymentsHandler = Handler<typeof contract.listMyPayments>;

@Injectable()
export class ListMyPayments implements ListMyPaymentsHandler {
  constructor(private readonly payments: Payments) {}

  readonly handle: ListMyPaymentsHandler['handle'] = async (_input, { caller }) => {
    if (caller.kind === 'service') throw new OperationError('FORBIDDEN', 'Only guests and customers pay');
    return { items: (await this.payments.latest(caller.customerId)).map(detailsOf) };
  };
}
