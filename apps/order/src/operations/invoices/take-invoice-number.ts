import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { order } from '@stoa/order-contract';
import { InvoiceSeries } from '../../storage/invoice-series.js';

type TakeInvoiceNumberHandler = Handler<typeof order.takeInvoiceNumber>;

/** A short transaction of its own, and the only place where numbers are given. */
@Injectable()
export class TakeInvoiceNumber implements TakeInvoiceNumberHandler {
  constructor(private readonly series: InvoiceSeries) {}

  readonly handle: TakeInvoiceNumberHandler['handle'] = async (document, { tx, bucket, now }) => {
    const { number, issuedAt } = await this.series.numberOf(tx, bucket, document, now);
    const digits = String(number).padStart(6, '0');
    return { number: `${document.series}-${digits}`, issuedAt: issuedAt.toISOString() };
  };
}
