import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { order } from '@stoa/order-contract';
import { ReadableInvoices } from './readable-invoices.js';

type ListInvoicesHandler = Handler<typeof order.listInvoices>;

@Injectable()
export class ListInvoices implements ListInvoicesHandler {
  constructor(private readonly readable: ReadableInvoices) {}

  readonly handle: ListInvoicesHandler['handle'] = async ({ orderId }, { caller, fail }) => {
    const items = await this.readable.of(orderId, caller);
    return items ? { items } : fail('NOT_FOUND', 'You have no such order.');
  };
}
