import { Injectable } from '@nestjs/common';
import type { Caller } from '@stoa/messaging';
import type { Invoice } from '@stoa/order-contract';
import { bucketOfOrder } from '../../domain/order-id.js';
import { Invoices } from '../../storage/invoices.js';
import { Orders } from '../../storage/orders.js';
import { mayRead } from '../may-read.js';

/** The invoices of an order, for those who may read the order. */
@Injectable()
export class ReadableInvoices {
  constructor(
    private readonly orders: Orders,
    private readonly invoices: Invoices,
  ) {}

  /** @returns undefined where there is no such order, or it is another's */
  async of(orderId: string, caller: Caller): Promise<Invoice[] | undefined> {
    const found = await this.orders.find(orderId);
    const bucket = bucketOfOrder(orderId);
    return found && bucket !== undefined && mayRead(caller, found) ? this.invoices.ofOrder(bucket, orderId) : undefined;
  }
}
