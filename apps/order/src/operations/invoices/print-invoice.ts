import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { order } from '@stoa/order-contract';
import { printInvoice } from '../../domain/invoices/print-invoice.js';
import { ReadableInvoices } from './readable-invoices.js';

type PrintInvoiceHandler = Handler<typeof order.printInvoice>;

@Injectable()
export class PrintInvoice implements PrintInvoiceHandler {
  constructor(private readonly readable: ReadableInvoices) {}

  readonly handle: PrintInvoiceHandler['handle'] = async ({ orderId, number }, { caller, fail }) => {
    const invoices = await this.readable.of(orderId, caller);
    const invoice = invoices?.find((each) => each.number === number) ?? fail('NOT_FOUND', 'You have no such invoice.');
    return { contentType: 'text/html; charset=utf-8', chunk: printInvoice(invoice), next: null };
  };
}
