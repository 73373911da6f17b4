import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { order } from '@stoa/order-contract';
import { Invoices } from '../../storage/invoices.js';

type NumberInvoiceHandler = Handler<typeof order.numberInvoice>;

@Injectable()
export class NumberInvoice implements NumberInvoiceHandler {
  constructor(private readonly invoices: Invoices) {}

  readonly handle: NumberInvoiceHandler['handle'] = async (input, { tx, bucket, fail }) => {
    const { documentId, number, issuedAt } = input;
    const issued = await this.invoices.number(tx, bucket, documentId, number, issuedAt);
    return issued ?? fail('NOT_FOUND', 'There is no such document.');
  };
}
